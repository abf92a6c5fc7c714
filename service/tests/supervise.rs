//! The orderly end: stages, deadline, second signal, tasks that end by themselves. Time is tokio's paused clock.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use service::{
    context::Context,
    exit::{ExitCode, RunError},
    supervise::Supervisor,
};
use tokio::{sync::mpsc, time::sleep};

type Seen = Arc<Mutex<Vec<String>>>;

fn supervisor() -> (Supervisor, mpsc::Sender<&'static str>, mpsc::Receiver<&'static str>, Seen) {
    let (sender, receiver) = mpsc::channel(4);
    (Supervisor::new(Context::default(), Duration::from_secs(30)), sender, receiver, Seen::default())
}

/// A task that waits for its drain and then needs `millis` to finish.
fn role(supervisor: &mut Supervisor, stage: u8, name: &'static str, millis: u64, seen: &Seen) {
    let (context, seen) = (supervisor.context(stage), seen.clone());
    supervisor.spawn(stage, name, async move {
        context.drain.requested().await;
        seen.lock().expect("no panic while locked").push(format!("{name} asked"));
        sleep(Duration::from_millis(millis)).await;
        seen.lock().expect("no panic while locked").push(format!("{name} done"));
        Ok(())
    });
}

#[tokio::test(start_paused = true)]
async fn stages_end_one_after_the_other() {
    let (mut supervisor, signals, receiver, seen) = supervisor();
    role(&mut supervisor, 1, "enrich", 10, &seen);
    role(&mut supervisor, 0, "collector", 20, &seen);
    role(&mut supervisor, 2, "lake", 10, &seen);
    role(&mut supervisor, 2, "postgres", 20, &seen);
    let hook = seen.clone();
    supervisor.caught_up(1, async move { hook.lock().unwrap().push("enrich caught up".into()) });
    signals.send("SIGTERM").await.unwrap();
    assert_eq!(supervisor.run_with(receiver).await, ExitCode::Ok);
    assert_eq!(
        *seen.lock().unwrap(),
        [
            "collector asked",
            "collector done",
            "enrich caught up",
            "enrich asked",
            "enrich done",
            "lake asked",
            "postgres asked",
            "lake done",
            "postgres done",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_through_the_context_is_as_good_as_a_signal() {
    let (_signals, receiver) = mpsc::channel(1);
    let context = Context::default();
    let mut supervisor = Supervisor::new(context.clone(), Duration::from_secs(30));
    let seen = Seen::default();
    role(&mut supervisor, 0, "collector", 1, &seen);
    context.drain.request();
    assert_eq!(supervisor.run_with(receiver).await, ExitCode::Ok);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_never_comes_does_not_use_up_the_deadline() {
    let (mut supervisor, signals, receiver, seen) = supervisor();
    role(&mut supervisor, 0, "collector", 10, &seen);
    role(&mut supervisor, 1, "enrich", 10, &seen);
    supervisor.caught_up(1, std::future::pending());
    signals.send("SIGTERM").await.unwrap();
    assert_eq!(supervisor.run_with(receiver).await, ExitCode::Ok);
    assert_eq!(seen.lock().unwrap().last().unwrap(), "enrich done");
}

#[tokio::test(start_paused = true)]
async fn the_deadline_and_a_second_signal_give_75() {
    let (mut supervisor, signals, receiver, seen) = self::supervisor();
    role(&mut supervisor, 0, "stuck", 31_000, &seen);
    signals.send("SIGTERM").await.unwrap();
    assert_eq!(supervisor.run_with(receiver).await, ExitCode::Deadline);

    let (mut supervisor, signals, receiver, seen) = self::supervisor();
    role(&mut supervisor, 0, "slow", 20_000, &seen);
    signals.send("SIGTERM").await.unwrap();
    signals.send("SIGTERM").await.unwrap();
    assert_eq!(supervisor.run_with(receiver).await, ExitCode::Deadline);
    assert!(!seen.lock().unwrap().contains(&"slow done".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ends_by_itself_ends_the_process_in_order() {
    async fn check(result: Option<Result<(), RunError>>, expect: ExitCode) {
        let (mut supervisor, _signals, receiver, seen) = supervisor();
        role(&mut supervisor, 1, "lake", 10, &seen);
        supervisor.spawn(0, "collector", async move {
            sleep(Duration::from_millis(5)).await;
            match result {
                Some(result) => result,
                None => panic!("a bug"),
            }
        });
        assert_eq!(supervisor.run_with(receiver).await, expect);
        assert_eq!(*seen.lock().unwrap(), ["lake asked", "lake done"], "the others still finish");
    }
    check(Some(Ok(())), ExitCode::Software).await;
    check(Some(Err(RunError::unavailable("port taken"))), ExitCode::Unavailable).await;
    check(None, ExitCode::Software).await;
}

#[tokio::test(start_paused = true)]
async fn an_error_while_draining_decides_the_exit_code() {
    let (mut supervisor, signals, receiver, seen) = supervisor();
    let context = supervisor.context(0);
    supervisor.spawn(0, "collector", async move {
        context.drain.requested().await;
        Err(RunError::bug("lost count"))
    });
    role(&mut supervisor, 1, "lake", 10, &seen);
    signals.send("SIGTERM").await.unwrap();
    assert_eq!(supervisor.run_with(receiver).await, ExitCode::Software);
    assert_eq!(seen.lock().unwrap().len(), 2);
}
