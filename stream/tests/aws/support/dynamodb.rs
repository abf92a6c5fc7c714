//! DynamoDB: dynoxide, in memory.

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Builder, Credentials, Region},
    types::AttributeValue,
};

pub(crate) struct DynamoDb {
    pub(crate) endpoint: String,
    client: Client,
}

impl DynamoDb {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()));
        let config = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .endpoint_url(&endpoint)
            .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
            .build();
        Self { endpoint, client: Client::from_conf(config) }
    }

    /// An attribute of every item of a table that has it, by key.
    pub(crate) async fn texts(&self, table: &str, attribute: &str) -> Vec<(String, String)> {
        let found = self.client.scan().table_name(table).consistent_read(true).send().await.unwrap();
        let text = |value: &AttributeValue| value.as_s().unwrap().clone();
        let both = found
            .items()
            .iter()
            .filter_map(|item| Some((text(&item["leaseKey"]), text(item.get(attribute)?))));
        let mut both: Vec<_> = both.collect();
        both.sort();
        both
    }
}
