//! The machine that runs a script: an engine of its own for each thread, with limits of time and memory. It owns the clock
//! and the randomness that scripts see.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::{Arc, Weak},
    time::Duration,
};

use cpu_time::ThreadTime;
use event::atomic::FIELDS;
use rquickjs::{Context, Ctx, Function, Object, Persistent, Runtime, Value, context::EvalOptions};
use service::clock;

use super::{
    event::{Scripted, is_list, kind},
    java,
    source::Source,
};

/// Processor time that a script has for an event, and for its top level.
const TIME: Duration = Duration::from_millis(500);
/// Memory of a machine in bytes.
const MEMORY: usize = 64 << 20;
/// Stack of a machine in bytes, well below that of a thread.
const STACK: usize = 512 << 10;

/// A script to run.
#[derive(Debug)]
pub(crate) struct Script {
    /// What is compiled.
    pub(crate) source: Source,
    /// The second argument, as JSON.
    pub(crate) parameters: String,
}

/// What came of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The JSON of what `process` returned, where it returned something.
    Returned(Option<String>),
    /// The script wants the event to disappear.
    Dropped,
    /// It failed, and where.
    Failed(String),
}

thread_local! {
    /// The machines of this thread, each of a script that may be gone.
    static MACHINES: RefCell<Vec<(Weak<Script>, Machine)>> = const { RefCell::new(Vec::new()) };
}

/// Compiles a script and runs its top level, as the machine of this thread. What is wrong is said to be in `name`.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn compile(script: &Arc<Script>, name: &str) -> Result<(), String> {
    let machine = Machine::new(script, name)?;
    keep(script, machine);
    Ok(())
}

/// Runs a script on an event, by the machine of this thread.
pub(crate) fn run(
    script: &Arc<Script>,
    name: &str,
    event: Scripted,
    headers: &[String],
) -> (Scripted, Ending) {
    let kept = MACHINES.with_borrow_mut(|machines| {
        let own = |(of, _): &(Weak<Script>, Machine)| of.as_ptr() == Arc::as_ptr(script);
        machines.iter().position(own).map(|at| machines.swap_remove(at).1)
    });
    let machine = match kept.map_or_else(|| Machine::new(script, name), Ok) {
        Ok(machine) => machine,
        Err(what) => return (event, Ending::Failed(what)),
    };
    let (event, ending, is_usable) = machine.process((script, name), event, headers);
    if is_usable {
        keep(script, machine);
    }
    (event, ending)
}

fn keep(script: &Arc<Script>, machine: Machine) {
    MACHINES.with_borrow_mut(|machines| {
        machines.retain(|(of, _)| of.strong_count() > 0);
        machines.push((Arc::downgrade(script), machine));
    });
}

/// An engine with a script in it. Fields are dropped in this order.
struct Machine {
    process: Persistent<Function<'static>>,
    context: Context,
    _runtime: Runtime,
    shared: Rc<Shared>,
}

/// What the engine's functions and their machine have in common.
#[derive(Default)]
struct Shared {
    /// The event that is under work.
    event: RefCell<Option<Scripted>>,
    /// What was thrown: its text, line, column, and whether these are as the source was written.
    failure: RefCell<Option<(String, u32, u32, bool)>>,
    begun: Cell<Option<ThreadTime>>,
    is_over_time: Cell<bool>,
}

impl Machine {
    fn new(script: &Script, name: &str) -> Result<Self, String> {
        let gone = |error: rquickjs::Error| format!("Error compiling JavaScript function: [{error}]");
        let runtime = Runtime::new().map_err(gone)?;
        runtime.set_memory_limit(MEMORY);
        runtime.set_max_stack_size(STACK);
        let shared = Rc::new(Shared::default());
        let clock = Rc::clone(&shared);
        runtime.set_interrupt_handler(Some(Box::new(move || clock.is_late())));
        let context = Context::full(&runtime).map_err(gone)?;
        let process = context.with(|ctx| {
            let caught = |error: rquickjs::Error| {
                let what = thrown(&ctx, &error, (script, name), shared.is_over_time.get());
                format!("Error compiling JavaScript function: [{what}]")
            };
            let process = prelude(&ctx, script, &shared).map_err(caught)?;
            shared.begin();
            let options = || {
                let mut options = EvalOptions::default();
                options.strict = false;
                options.filename = Some("<eval>".to_owned());
                options
            };
            ctx.eval_with_options::<Value<'_>, _>(script.source.marked.as_str(), options())
                .map_err(caught)?;
            Ok::<_, String>(Persistent::save(&ctx, process))
        })?;
        Ok(Self { process, context, _runtime: runtime, shared })
    }

    /// The event and what came of it, and whether the machine can be used again.
    fn process(
        &self,
        (script, name): (&Script, &str),
        event: Scripted,
        headers: &[String],
    ) -> (Scripted, Ending, bool) {
        let shared = &self.shared;
        let spare = Scripted::empty(event.rules);
        shared.event.replace(Some(event));
        shared.failure.replace(None);
        shared.begin();
        let ending = self.context.with(|ctx| {
            let ran = self
                .process
                .clone()
                .restore(&ctx)
                .and_then(|process| process.call::<_, Value<'_>>((headers.to_vec(),)));
            let value = match ran {
                Ok(value) => value,
                Err(error) => {
                    let what = thrown(&ctx, &error, (script, name), shared.is_over_time.get());
                    return Err(what);
                }
            };
            if value.is_null() {
                return Ok(Ending::Returned(None));
            }
            if value.is_bool() {
                return Ok(Ending::Dropped);
            }
            match value.as_string().map(|text| text.to_string()) {
                Some(Ok(text)) => Ok(Ending::Returned(Some(text))),
                Some(Err(error)) => Err(error.to_string()),
                None => {
                    let (what, line, column, is_written) = shared.failure.take().unwrap_or_default();
                    let column = if is_written { column } else { script.source.column(line, column) };
                    Ok(Ending::Failed(placed(&what, line, column, name)))
                }
            }
        });
        let event = shared.event.take().unwrap_or(spare);
        let failed =
            |what: &str| Ending::Failed(format!("Error during execution of JavaScript function: [{what}]"));
        match ending {
            // What the engine itself gave up on may have left it in any state.
            Err(what) => (event, failed(&what), false),
            Ok(Ending::Failed(what)) => {
                let is_usable = !what.contains("out of memory");
                (event, failed(&what), is_usable)
            }
            Ok(ending) => (event, ending, true),
        }
    }
}

impl Shared {
    fn begin(&self) {
        self.begun.set(None);
        self.is_over_time.set(false);
    }

    /// Asked by the engine every ten thousand turns or so. The time of a thread that others keep from running does not count.
    fn is_late(&self) -> bool {
        let Some(begun) = self.begun.get() else {
            self.begun.set(Some(ThreadTime::now()));
            return false;
        };
        let is_late = begun.elapsed() > TIME;
        self.is_over_time.set(is_late);
        is_late
    }
}

/// What was thrown where nothing in the script could catch it.
fn thrown(
    ctx: &Ctx<'_>,
    error: &rquickjs::Error,
    (script, script_name): (&Script, &str),
    is_over_time: bool,
) -> String {
    if !error.is_exception() {
        return error.to_string();
    }
    let value = ctx.catch();
    let Some(object) = value.as_object() else {
        let text: Result<String, _> =
            ctx.globals().get::<_, Function<'_>>("String").and_then(|s| s.call((value,)));
        return text.unwrap_or_else(|_| "something that has no text".to_owned());
    };
    let member = |name: &str| object.get::<_, Option<String>>(name).ok().flatten();
    let (name, message) = (member("name"), member("message").unwrap_or_default());
    let what = match name {
        Some(name) => format!("{name}: {message}"),
        None => message,
    };
    if is_over_time {
        // The engine knows the function's place at most.
        return placed(&format!("it ran for more than {} ms", TIME.as_millis()), 0, 0, script_name);
    }
    let stack = member("stack").unwrap_or_default();
    let place = stack.split("<eval>:").nth(1).map(|rest| {
        let mut numbers = rest.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
        let mut next = || numbers.next().and_then(Result::ok).unwrap_or_default();
        (next(), next())
    });
    match place {
        Some((line, column)) => {
            placed(&what, line, script.source.column(line, column.saturating_sub(1)), script_name)
        }
        None => placed(&what, 0, 0, script_name),
    }
}

/// With script, line and column, as the original says them. Line 0: not known.
fn placed(what: &str, line: u32, column: u32, name: &str) -> String {
    if line == 0 {
        return format!("{what} in {name}");
    }
    format!("{what} in {name} at line number {line} at column number {column}")
}

/// Makes what scripts find. Gives the function that calls `process`.
fn prelude<'js>(ctx: &Ctx<'js>, script: &Script, shared: &Rc<Shared>) -> rquickjs::Result<Function<'js>> {
    let native = Object::new(ctx.clone())?;
    let fields: Vec<Vec<Value<'js>>> = FIELDS
        .into_iter()
        .map(|field| {
            let name = rquickjs::String::from_str(ctx.clone(), field.name())?.into_value();
            Ok(vec![name, Value::new_int(ctx.clone(), kind(field).into())])
        })
        .collect::<rquickjs::Result<_>>()?;
    let set = |name: &str, function: Function<'js>| native.set(name, function);
    let own = Rc::clone(shared);
    set(
        "get",
        Function::new(ctx.clone(), move |number: usize| {
            own.with(|e| e.get(number).map(str::to_owned)).flatten()
        })?,
    )?;
    let own = Rc::clone(shared);
    set(
        "set",
        Function::new(ctx.clone(), move |number: usize, text: Option<String>| {
            own.with_mut(|e| e.set(number, text.as_deref()));
        })?,
    )?;
    let own = Rc::clone(shared);
    set("derived", Function::new(ctx.clone(), move || own.with(Scripted::derived_text).flatten())?)?;
    let own = Rc::clone(shared);
    set(
        "setEntities",
        Function::new(ctx.clone(), move |number: usize, text: Option<String>| {
            own.with_mut(|e| e.set_entities(number, text.as_deref()).err()).flatten()
        })?,
    )?;
    let own = Rc::clone(shared);
    set(
        "checkEntities",
        Function::new(ctx.clone(), move |ctx: Ctx<'_>, text: Option<String>| {
            let is_fine = text.is_none_or(|text| own.with(|e| is_list(e.rules, &text)).unwrap_or(true));
            if is_fine { Ok(()) } else { Err(rquickjs::Exception::throw_message(&ctx, "invalid pii json")) }
        })?,
    )?;
    let own = Rc::clone(shared);
    set("erase", Function::new(ctx.clone(), move || own.with_mut(|e| e.erased = true).is_some())?)?;
    let own = Rc::clone(shared);
    set(
        "fail",
        Function::new(ctx.clone(), move |what: String, line: u32, column: u32, is_written: bool| {
            own.failure.replace(Some((what, line, column, is_written)));
        })?,
    )?;
    set("randomUuid", Function::new(ctx.clone(), || clock::random_id().to_string())?)?;
    java::offer(ctx, &native)?;
    native.set("parameters", script.parameters.as_str())?;
    let made: Function<'js> = ctx.eval(include_str!("prelude.js"))?;
    made.call((native, fields))
}

impl Shared {
    fn with<T>(&self, look: impl FnOnce(&Scripted) -> T) -> Option<T> {
        self.event.borrow().as_ref().map(look)
    }

    fn with_mut<T>(&self, change: impl FnOnce(&mut Scripted) -> T) -> Option<T> {
        self.event.borrow_mut().as_mut().map(change)
    }
}
