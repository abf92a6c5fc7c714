//! CloudWatch, where streams tell how they are written and read, and ECS, where the tasks are: three operations, as signed JSON. The
//! SDKs for them would double what is compiled for AWS, and bring a second HTTP and a second zlib.

use std::{error::Error, fmt::Display, time::SystemTime};

use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4::SigningParams,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use service::clock;
use stream::aws::{Connection, Times};

use super::target::Service;

/// A metric of a stream of Kinesis, minute by minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) stream: String,
    pub(crate) metric: &'static str,
    /// `Sum` or `Maximum`.
    pub(crate) statistic: &'static str,
}

/// Minutes and their values, the oldest first. A minute in which nothing happened is not there.
pub(crate) type Told = Vec<(Timestamp, f64)>;

/// A service of AWS that takes JSON.
struct Api {
    /// As hosts, signatures and rights name it.
    host: &'static str,
    action: &'static str,
    target: &'static str,
    content_type: &'static str,
    /// Names another place in the environment, as for the SDKs.
    variable: &'static str,
}

const CLOUDWATCH: Api = Api {
    host: "monitoring",
    action: "cloudwatch",
    target: "GraniteServiceVersion20100801",
    content_type: "application/x-amz-json-1.0",
    variable: "AWS_ENDPOINT_URL_CLOUDWATCH",
};

const ECS: Api = Api {
    host: "ecs",
    action: "ecs",
    target: "AmazonEC2ContainerServiceV20141113",
    content_type: "application/x-amz-json-1.1",
    variable: "AWS_ENDPOINT_URL_ECS",
};

/// Metrics that one call asks for.
const CALL_METRICS: usize = 500;

/// Asks both.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    credentials: Option<SharedCredentialsProvider>,
    region: Option<String>,
    endpoint: Option<String>,
}

impl Client {
    /// Calls nothing of them yet; the region may be asked of the machine.
    pub(crate) async fn open(connection: &Connection) -> Result<Self, String> {
        let loaded = connection.load().await;
        let Times { connect, call } = connection.times;
        // Answers about many metrics take longer than one about a stream.
        let http = reqwest::Client::builder().connect_timeout(connect).timeout(call * 4).build();
        Ok(Self {
            http: http.map_err(|error| error.to_string())?,
            credentials: loaded.credentials_provider(),
            region: loaded.region().map(ToString::to_string),
            endpoint: loaded.endpoint_url().map(str::to_owned),
        })
    }

    /// What CloudWatch knows of these between two times, in their order.
    pub(crate) async fn minutes(
        &self,
        asked: &[Asked],
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Told>, String> {
        let mut told = Vec::with_capacity(asked.len());
        for some in asked.chunks(CALL_METRICS) {
            let mut page = vec![Told::new(); some.len()];
            let mut body = json!({
                "MetricDataQueries": some.iter().enumerate().map(query).collect::<Vec<_>>(),
                "StartTime": from.as_second(),
                "EndTime": to.as_second(),
                "ScanBy": "TimestampAscending",
            });
            loop {
                let answer = self.call(&CLOUDWATCH, "GetMetricData", &body).await?;
                gather(&answer, &mut page);
                match &answer["NextToken"] {
                    Value::String(token) => body["NextToken"] = json!(token),
                    _ => break,
                }
            }
            told.append(&mut page);
        }
        Ok(told)
    }

    /// How many tasks a service is to have.
    pub(crate) async fn tasks(&self, service: &Service) -> Result<u32, String> {
        let body = json!({ "cluster": service.cluster, "services": [service.name] });
        let answer = self.call(&ECS, "DescribeServices", &body).await?;
        let found = answer["services"].as_array().into_iter().flatten();
        let active = found
            .filter(|found| found["status"] == "ACTIVE")
            .find_map(|found| found["desiredCount"].as_u64());
        active
            .map(|count| u32::try_from(count).unwrap_or(u32::MAX))
            .ok_or_else(|| format!("cluster `{}` has no service `{}`", service.cluster, service.name))
    }

    /// Gives a service so many tasks.
    pub(crate) async fn give(&self, service: &Service, tasks: u32) -> Result<(), String> {
        let body = json!({ "cluster": service.cluster, "service": service.name, "desiredCount": tasks });
        self.call(&ECS, "UpdateService", &body).await.map(|_| ())
    }

    async fn call(&self, api: &Api, operation: &str, body: &Value) -> Result<Value, String> {
        let name = format!("{}:{operation}", api.action);
        let failed = |what: &dyn Display| format!("{name}: {what}");
        let region = self.region.as_deref().ok_or_else(|| failed(&"no region is known: --region"))?;
        let url = self.url(api, region);
        let body = body.to_string();
        let target = format!("{}.{operation}", api.target);
        let headers = [("content-type", api.content_type), ("x-amz-target", target.as_str())];
        let signed =
            self.sign(api, region, &url, &headers, body.as_bytes()).await.map_err(|why| failed(&why))?;
        let mut request = self.http.post(&url).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        for (name, value) in &signed {
            request = request.header(name, value);
        }
        let answer = request.send().await.map_err(|error| failed(&root(&error)))?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(|error| failed(&root(&error)))?;
        let parsed = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if status.is_success() { Ok(parsed) } else { Err(failed(&refusal(status.as_u16(), &parsed))) }
    }

    fn url(&self, api: &Api, region: &str) -> String {
        let own = std::env::var(api.variable).ok().filter(|url| !url.is_empty());
        if let Some(endpoint) = own.or_else(|| self.endpoint.clone()) {
            return format!("{}/", endpoint.trim_end_matches('/'));
        }
        let end = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        format!("https://{}.{region}.{end}/", api.host)
    }

    /// Headers that say who asks.
    async fn sign(
        &self,
        api: &Api,
        region: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Vec<(String, String)>, String> {
        let provider = self.credentials.as_ref().ok_or("there are no credentials")?;
        let credentials = provider.provide_credentials().await.map_err(|error| root(&error))?;
        let identity = credentials.into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(api.host)
            .time(SystemTime::from(clock::now()))
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| error.to_string())?
            .into();
        let request = SignableRequest::new("POST", url, headers.iter().copied(), SignableBody::Bytes(body));
        let request = request.map_err(|error| root(&error))?;
        let (instructions, _) = sign(request, &params).map_err(|error| root(&error))?.into_parts();
        Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

fn query((number, asked): (usize, &Asked)) -> Value {
    json!({
        "Id": format!("m{number}"),
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/Kinesis",
                "MetricName": asked.metric,
                "Dimensions": [{ "Name": "StreamName", "Value": asked.stream }],
            },
            "Period": 60,
            "Stat": asked.statistic,
        },
    })
}

/// Puts what an answer tells to the metrics that it tells of.
fn gather(answer: &Value, told: &mut [Told]) {
    for result in answer["MetricDataResults"].as_array().into_iter().flatten() {
        let number = result["Id"].as_str().and_then(|id| id.strip_prefix('m')?.parse::<usize>().ok());
        let Some(told) = number.and_then(|number| told.get_mut(number)) else { continue };
        let numbers = |name: &str| result[name].as_array().into_iter().flatten().filter_map(Value::as_f64);
        let times = numbers("Timestamps").map(|seconds| Timestamp::from_second(seconds as i64));
        told.extend(times.zip(numbers("Values")).filter_map(|(time, value)| Some((time.ok()?, value))));
    }
}

/// What a service says where it does not do what it is asked for: its code without the name space, and its message.
fn refusal(status: u16, answer: &Value) -> String {
    let kind = answer["__type"].as_str().unwrap_or_default();
    let code = kind.rsplit('#').next().filter(|code| !code.is_empty());
    let code = code.map_or_else(|| format!("HTTP {status}"), str::to_owned);
    match answer["message"].as_str().or(answer["Message"].as_str()) {
        Some(message) => format!("{code}: {}", message.split_whitespace().collect::<Vec<_>>().join(" ")),
        None => code,
    }
}

/// What an error comes from in the end.
fn root(error: &dyn Error) -> String {
    let mut root = error;
    while let Some(source) = root.source() {
        root = source;
    }
    root.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn answers_are_put_where_they_belong() {
        let mut told = vec![Told::new(); 2];
        let answer = json!({ "MetricDataResults": [
            { "Id": "m1", "Timestamps": [60, 120.0], "Values": [1.5, 2] },
            { "Id": "m0", "Timestamps": [], "Values": [] },
            { "Id": "m7", "Timestamps": [60], "Values": [1] },
            { "Id": "other", "Timestamps": [60], "Values": [1] },
        ] });
        gather(&answer, &mut told);
        assert_eq!(told, [vec![], vec![(at(60), 1.5), (at(120), 2.0)]]);
        gather(&Value::Null, &mut told);
        assert_eq!(told[1].len(), 2);
    }

    #[test]
    fn refusals_are_told_in_a_line() {
        for (answer, said) in [
            (
                json!({ "__type": "com.amazonaws.ecs#AccessDeniedException", "message": "not\n you" }),
                "AccessDeniedException: not you",
            ),
            (json!({ "__type": "ClusterNotFoundException" }), "ClusterNotFoundException"),
            (json!({ "Message": "no" }), "HTTP 403: no"),
            (Value::Null, "HTTP 403"),
        ] {
            assert_eq!(refusal(403, &answer), said);
        }
    }

    #[tokio::test]
    async fn hosts_follow_the_region() {
        let connection = Connection { region: Some("eu-west-1".into()), ..Connection::default() };
        let client = Client::open(&connection).await.unwrap();
        for (api, region, url) in [
            (&CLOUDWATCH, "eu-west-1", "https://monitoring.eu-west-1.amazonaws.com/"),
            (&ECS, "cn-north-1", "https://ecs.cn-north-1.amazonaws.com.cn/"),
        ] {
            assert_eq!(client.url(api, region), url);
        }
        let client = Client { endpoint: Some("http://127.0.0.1:1/".into()), ..client };
        assert_eq!(client.url(&ECS, "eu-west-1"), "http://127.0.0.1:1/");
    }
}
