//! `piste iglu generate`, `static generate`: tables and migrations from the schemas of a folder (`spec/iglu.md` 5.3).

use std::path::{Path, PathBuf};

use ::iglu::{
    field::{
        column::{Place, columns},
        outline::outline,
    },
    redshift::{column::Encodings, ddl, model::Model},
    table::{
        migration::{Existing, plan},
        model::Table,
        name,
    },
};
use clap::{Args, ValueEnum};
use event::schema_key::SchemaKey;
use indicatif::ProgressIterator as _;
use service::exit::ExitCode;

use super::{
    files,
    models::{Version, models},
    said::{Said, tell},
};
use crate::output;

/// Options of `piste iglu generate`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// A folder of schemas (`vendor/name/jsonschema/version`), or one of its files.
    input: PathBuf,
    /// Where files are written; without it here.
    output: Option<PathBuf>,
    /// The schema of the tables.
    #[arg(long, value_name = "NAME", default_value = "atomic")]
    dbschema: String,
    /// Overwrite files that were changed by hand.
    #[arg(long)]
    force: bool,
    /// What the tables are for.
    #[arg(long = "for", value_name = "KIND", default_value = "redshift")]
    target: Target,
}

/// What keeps the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    /// Tables and migrations in `sql/`, as igluctl writes them.
    Redshift,
    /// Tables and migrations in `postgres/`, as the Postgres loader makes them by itself.
    Postgres,
    /// The columns of lakes in `parquet/`, to be read.
    Parquet,
}

/// Files to write, and what is to be said before.
#[derive(Default)]
struct Made {
    warnings: Vec<String>,
    tables: Vec<(PathBuf, String)>,
    migrations: Vec<(PathBuf, String)>,
}

impl Options {
    /// What a configuration of `deploy` asks for.
    pub(crate) fn new(input: PathBuf, output: PathBuf, dbschema: String, force: bool) -> Self {
        Self { input, output: Some(output), dbschema, force, target: Target::Redshift }
    }
}

/// Writes them.
pub(crate) fn run(options: &Options) -> ExitCode {
    tell(said(options))
}

/// A line for each file.
pub(crate) fn said(options: &Options) -> Said {
    let folder = options.output.as_deref().unwrap_or(Path::new("."));
    files::writable(folder)?;
    let schemas = files::read_whole(&options.input)?;
    let mut models = models(schemas.into_iter().map(|schema| (schema.key, schema.json)))?;
    models.sort_by(|a, b| order(&a[0].key).cmp(&order(&b[0].key)));
    let mut made = Made::default();
    for model in models.iter().progress() {
        match options.target {
            Target::Redshift => redshift(model, &options.dbschema, &mut made),
            Target::Postgres => postgres(model, &options.dbschema, &mut made)?,
            Target::Parquet => parquet(model, &mut made),
        }
    }
    made.warnings.iter().for_each(|line| output::line(format_args!("{line}")));
    let (mut lines, mut problems) = (Vec::new(), Vec::new());
    for (path, text) in made.tables.iter().chain(&made.migrations) {
        match files::write(&files::absolute(folder).join(path), text, options.force) {
            Ok(line) => lines.push(line),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(lines) } else { Err(problems) }
}

/// The original's order of tables.
fn order(key: &SchemaKey) -> (&str, &str, u32) {
    (&key.name, &key.vendor, key.version.model)
}

/// `sql/com.acme/add_to_cart_1.sql`
fn table_path(folder: &str, key: &SchemaKey, extension: &str) -> PathBuf {
    let file = format!("{}_{}.{extension}", name::snake_case(&key.name), key.version.model);
    Path::new(folder).join(key.vendor.to_lowercase()).join(file)
}

/// `sql/com.acme/addtocart/1-0-0/1-0-1.sql`
fn migration_path(folder: &str, from: &SchemaKey, to: &SchemaKey) -> PathBuf {
    let family = Path::new(folder).join(from.vendor.to_lowercase()).join(from.name.to_lowercase());
    family.join(from.version.to_string()).join(format!("{}.sql", to.version))
}

/// Every version with every later one, by their places.
fn pairs(model: &[Version]) -> impl Iterator<Item = (usize, usize)> {
    let count = model.len();
    (0..count).flat_map(move |from| (from + 1..count).map(move |to| (from, to)))
}

fn redshift(model: &[Version], dbschema: &str, made: &mut Made) {
    let versions: Vec<_> = model.iter().map(|version| (version.key.clone(), &version.syntax)).collect();
    let Some(table) = Model::of(&versions) else { return };
    for recovered in &table.recovered {
        let line = |reason| format!("{} has a breaking change {reason}", recovered.key);
        made.warnings.extend(recovered.reasons.iter().map(line));
    }
    let met =
        |name| format!("{}: several properties meet in column {name}; the first one has it", table.table);
    made.warnings.extend(table.met.iter().map(met));
    let create = ddl::create(&table.table, &table.columns, &table.latest, dbschema, Encodings::Igluctl);
    let indented: Vec<String> = create.trim_end().lines().map(indented).collect();
    let text = format!("CREATE SCHEMA IF NOT EXISTS {dbschema};\n\n{}", indented.join("\n"));
    made.tables.push((table_path("sql", &table.latest, "sql"), text));
    for (from, to) in pairs(model) {
        let (from, to) = (&model[from].key, &model[to].key);
        let text = ddl::migrate(&table, from, to, dbschema, Encodings::Igluctl);
        made.migrations.push((migration_path("sql", from, to), text));
    }
}

/// Two blanks at the beginning become four.
fn indented(line: &str) -> String {
    if line.starts_with("  ") { format!("  {line}") } else { line.to_owned() }
}

fn postgres(model: &[Version], dbschema: &str, made: &mut Made) -> Result<(), Vec<String>> {
    let table = |versions: &[Version]| {
        let versions: Vec<_> = versions.iter().map(|version| (version.key.clone(), &version.json)).collect();
        Table::of(&versions, true).map_err(|error| vec![error.to_string()])
    };
    let Some(whole) = table(model)? else { return Ok(()) };
    let quoted = format!("{}.{}", name::quote(dbschema), name::quote(name::cut(&whole.name)));
    let statements = |wanted: &Table, existing: Option<&Existing>| -> String {
        let statements = plan(wanted, existing);
        statements.iter().map(|change| format!("{};", change.sql(&quoted))).collect::<Vec<_>>().join("\n\n")
    };
    let text =
        format!("CREATE SCHEMA IF NOT EXISTS {};\n\n{}", name::quote(dbschema), statements(&whole, None));
    made.tables.push((table_path("postgres", &whole.latest, "sql"), text));
    for (from, to) in pairs(model) {
        let (Some(old), Some(new)) = (table(&model[..=from])?, table(&model[..=to])?) else { continue };
        let path = migration_path("postgres", &old.latest, &new.latest);
        made.migrations.push((path, statements(&new, Some(&Existing::of(&old)))));
    }
    Ok(())
}

fn parquet(model: &[Version], made: &mut Made) {
    let Some(last) = model.last() else { return };
    let versions: Vec<_> = model.iter().map(|version| (version.key.version, &version.syntax)).collect();
    let present: Vec<_> = model.iter().map(|version| version.key.version).collect();
    let mut text = String::new();
    for place in [Place::Unstruct, Place::Contexts] {
        for column in columns(place, &last.key, &versions, &present) {
            text.push_str(&outline(&column.field));
        }
    }
    made.tables.push((table_path("parquet", &last.key, "txt"), text.trim_end().to_owned()));
}
