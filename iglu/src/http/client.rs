//! Asks registries behind HTTP.

use std::{error::Error, sync::OnceLock};

use serde_json::Value;

use crate::{
    client_error::RegistryError,
    http::{self, HttpSettings, MAX_BODY},
};

/// The transport. It is set up when the first registry is asked, so that who has none pays nothing.
#[derive(Debug)]
pub(crate) struct Http {
    settings: HttpSettings,
    client: OnceLock<Result<reqwest::Client, String>>,
}

impl Http {
    pub(crate) fn new(settings: HttpSettings) -> Self {
        Self { settings, client: OnceLock::new() }
    }

    /// The JSON at `url`. What may pass is tried again.
    pub(crate) async fn get(&self, url: &str, apikey: Option<&str>) -> Result<Value, RegistryError> {
        let client = self.client.get_or_init(|| self.connect()).as_ref();
        let client = client.map_err(|error| RegistryError::ClientFailure(error.clone()))?;
        let mut retry = 0;
        loop {
            let (answer, may_pass) = match self.once(client, url, apikey).await {
                Ok((status, body)) => {
                    (http::body_of(status, &body, apikey.is_some()), http::may_pass(status))
                }
                Err(failure) => failure,
            };
            if !may_pass || retry == self.settings.max_retries {
                return answer;
            }
            tokio::time::sleep(self.settings.wait(retry)).await;
            retry += 1;
        }
    }

    fn connect(&self) -> Result<reqwest::Client, String> {
        let builder = reqwest::Client::builder()
            .timeout(self.settings.timeout)
            .connect_timeout(self.settings.timeout)
            // A redirect is an answer like another, and the key is for this host only.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("piste/", env!("CARGO_PKG_VERSION")));
        builder.build().map_err(|error| words(&error))
    }

    /// Status and body, or what went wrong and whether it may pass.
    async fn once(
        &self,
        client: &reqwest::Client,
        url: &str,
        apikey: Option<&str>,
    ) -> Result<(u16, Vec<u8>), (Result<Value, RegistryError>, bool)> {
        let failed =
            |error: reqwest::Error| (Err(RegistryError::ClientFailure(words(&error.without_url()))), true);
        let mut request = client.get(url);
        if let Some(apikey) = apikey {
            request = request.header("apikey", apikey);
        }
        let mut response = request.send().await.map_err(failed)?;
        let mut body = vec![];
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAX_BODY {
                let what = format!("Could not decode server response. It is larger than {MAX_BODY} bytes");
                return Err((Err(RegistryError::ClientFailure(what)), false));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((response.status().as_u16(), body))
    }
}

/// An error with its causes.
fn words(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
}
