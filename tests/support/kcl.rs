//! A worker of Amazon's library for consumers of Kinesis, 2.x, as `./test` builds it where there is a JDK.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{aws::Aws, clients::root, piste::bound_to_us};

/// The partition keys of records that workers have had.
pub type Keys = Arc<Mutex<BTreeSet<String>>>;

/// A running worker. Dropping it kills the process.
#[derive(Debug)]
pub struct KclWorker {
    process: Child,
}

/// Whether there is one; says so if not.
pub fn is_there() -> bool {
    let is_there = root().join(".tools/kcl/installed").exists();
    if !is_there {
        eprintln!(
            "LEFT OUT: no worker of the Java library. `./test tools` builds it where there is a JDK and Maven"
        );
    }
    is_there
}

impl KclWorker {
    /// Starts one that notes in `keys` what it has had before it acknowledges it.
    pub fn start(
        aws: &Aws,
        stream: &str,
        application: &str,
        worker: &str,
        failover: Duration,
        keys: &Keys,
    ) -> Self {
        let target = root().join(".tools/kcl/target");
        let class_path = format!("{0}/kcl-worker-1.jar:{0}/libraries/*", target.display());
        let mut command = bound_to_us("java");
        command
            // The stand-ins do not speak CBOR.
            .args(["-Xmx256m", "-XX:TieredStopAtLevel=1", "-Daws.cborEnabled=false"])
            .args(["-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", &class_path, "Worker"])
            .args([stream, application, worker, aws.kinesis(), aws.dynamodb()])
            .arg(failover.as_millis().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut process = command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
        let lines = BufReader::new(process.stdout.take().expect("stdout is piped")).lines();
        let keys = keys.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(key) = line.strip_prefix("record ") {
                    keys.lock().unwrap().insert(key.to_owned());
                }
            }
        });
        Self { process }
    }
}

impl Drop for KclWorker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
