//! `piste scaler` beside Kinesis, CloudWatch and ECS, as moto plays them.

use serde_json::{Value, json};

use crate::support::{
    moto::Moto,
    piste::{self, Launch, PATIENCE},
    wait,
};

/// A stream of one shard, and a service of one task that reads it.
fn pipeline() -> Moto {
    let moto = Moto::start();
    moto.call("Kinesis_20131202.CreateStream", &json!({ "StreamName": "raw", "ShardCount": 1 }));
    let ecs = |operation: &str, body: &Value| {
        moto.call(&format!("AmazonEC2ContainerServiceV20141113.{operation}"), body);
    };
    ecs("CreateCluster", &json!({ "clusterName": "piste" }));
    let container = json!({ "name": "enrich", "image": "piste", "memory": 64 });
    ecs("RegisterTaskDefinition", &json!({ "family": "enrich", "containerDefinitions": [container] }));
    let service =
        json!({ "cluster": "piste", "serviceName": "enrich", "taskDefinition": "enrich", "desiredCount": 1 });
    ecs("CreateService", &service);
    moto
}

/// CloudWatch knows this of each of the last five minutes of the stream.
fn told(moto: &Moto, metric: &str, value: f64) {
    let now = service::clock::now().as_second();
    let data: Vec<Value> = (1..=5)
        .map(|ago| {
            let dimension = json!({ "Name": "StreamName", "Value": "raw" });
            json!({ "MetricName": metric, "Dimensions": [dimension], "Timestamp": now - 60 * ago, "Value": value })
        })
        .collect();
    let body = json!({ "Namespace": "AWS/Kinesis", "MetricData": data });
    moto.call("GraniteServiceVersion20100801.PutMetricData", &body);
}

fn scaler(moto: &Moto) -> Launch {
    Launch::tool(&["scaler", "--stream", "raw=1..4", "--service", "piste/enrich=raw:1..8", "--every", "1"])
        .with(&["--region", "eu-central-1", "--admin-listen", "127.0.0.1:0"])
        .variable("AWS_ACCESS_KEY_ID", "key")
        .variable("AWS_SECRET_ACCESS_KEY", "secret")
        .variable("AWS_ENDPOINT_URL", &moto.endpoint)
}

/// Shards of the stream, tasks of the service.
fn found(moto: &Moto) -> (i64, i64) {
    let stream = moto.call("Kinesis_20131202.DescribeStreamSummary", &json!({ "StreamName": "raw" }));
    let services = moto.call(
        "AmazonEC2ContainerServiceV20141113.DescribeServices",
        &json!({ "cluster": "piste", "services": ["enrich"] }),
    );
    let shards = stream["StreamDescriptionSummary"]["OpenShardCount"].as_i64().unwrap();
    (shards, services["services"][0]["desiredCount"].as_i64().unwrap())
}

#[test]
fn a_full_stream_gets_shards_and_late_readers_get_tasks_for_them() {
    let moto = pipeline();
    told(&moto, "IncomingBytes", 59e6);
    told(&moto, "GetRecords.IteratorAgeMilliseconds", 90_000.0);

    let looked = scaler(&moto).with(&["--dry-run", "--once"]).run();
    let expect = "raw: shards 1 -> 2: a minute at 98 % of what its shards take\n\
        piste/enrich: tasks 1: its stream is read 90 s late, and 1 are the most for so many shards (1)\n";
    assert_eq!((looked.code, looked.stdout.as_str()), (Some(0), expect), "{}", looked.stderr);
    assert_eq!(found(&moto), (1, 1), "nothing was to be done");

    let scaler = scaler(&moto).start();
    // What was told before a change is not taken for a reason to change once more.
    wait::until_equal("two shards and a reader for each", PATIENCE, &(2, 2), || found(&moto));
    wait::until("the next look", PATIENCE, || {
        scaler.stderr().contains("tasks 2, as it should be").then_some(())
    });
    assert_eq!(found(&moto), (2, 2));
    scaler.finish_well();
}

#[test]
fn what_is_not_there_is_said() {
    let moto = pipeline();
    let launch = |stream: &str, service: &str| {
        let looked =
            Launch::tool(&["scaler", "--stream", stream, "--service", service, "--dry-run", "--once"])
                .with(&["--region", "eu-central-1"])
                .variable("AWS_ACCESS_KEY_ID", "key")
                .variable("AWS_SECRET_ACCESS_KEY", "secret")
                .variable("AWS_ENDPOINT_URL", &moto.endpoint)
                .run();
        assert_eq!(looked.code, Some(1), "{}", looked.stderr);
        looked.stderr
    };
    let said = launch("gone", "piste/gone=raw");
    assert!(said.contains("gone: Kinesis stream `gone` in eu-central-1"), "{said}");
    assert!(said.contains("piste/gone: cluster `piste` has no service `gone`"), "{said}");
    let said = launch("raw", "gone/enrich=raw");
    assert!(said.contains("gone/enrich: ecs:DescribeServices: ClusterNotFoundException"), "{said}");
}

#[test]
fn a_wrong_command_line_is_refused() {
    for (arguments, said) in [
        (&["scaler"][..], "nothing to scale: --stream and --service say what"),
        (&["scaler", "--stream", "raw=3"], "`3` should be MIN..MAX"),
        (&["scaler", "--stream", "raw", "--once"], "--dry-run"),
    ] {
        let refused = piste::run(arguments);
        assert_eq!(refused.code, Some(64), "{arguments:?}");
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
    }
}
