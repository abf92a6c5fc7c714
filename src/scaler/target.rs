//! What is scaled, and between which limits.

use std::str::FromStr;

/// The least and the most there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) min: u32,
    pub(crate) max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { min: 1, max: 16 }
    }
}

/// A stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stream {
    pub(crate) name: String,
    pub(crate) shards: Limits,
}

/// A service of ECS that reads a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) cluster: String,
    pub(crate) name: String,
    pub(crate) stream: String,
    pub(crate) tasks: Limits,
}

impl FromStr for Limits {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse::<u32>().ok().filter(|number| (1..=10_000).contains(number));
        let limits = text.split_once("..").and_then(|(min, max)| Some((number(min)?, number(max)?)));
        let (min, max) = limits.ok_or_else(|| {
            format!("`{text}` should be MIN..MAX, for example 2..8, of numbers from 1 to 10000")
        })?;
        if min > max { Err(format!("`{text}`: {min} is more than {max}")) } else { Ok(Self { min, max }) }
    }
}

impl FromStr for Stream {
    type Err = String;

    /// `STREAM[=MIN..MAX]`
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, shards) = with_limits(text, '=')?;
        Ok(Self { name: stream_name(name)?, shards })
    }
}

impl FromStr for Service {
    type Err = String;

    /// `CLUSTER/SERVICE=STREAM[:MIN..MAX]`
    fn from_str(text: &str) -> Result<Self, String> {
        let example = || format!("`{text}` should look like piste/piste-enrich-server=piste-raw-stream:2..8");
        let (service, read) = text.split_once('=').ok_or_else(example)?;
        let (cluster, name) = service.split_once('/').ok_or_else(example)?;
        if cluster.is_empty() || name.is_empty() || name.contains('/') {
            return Err(example());
        }
        let (stream, tasks) = with_limits(read, ':')?;
        Ok(Self { cluster: cluster.into(), name: name.into(), stream: stream_name(stream)?, tasks })
    }
}

fn with_limits(text: &str, sign: char) -> Result<(&str, Limits), String> {
    match text.split_once(sign) {
        None => Ok((text, Limits::default())),
        Some((name, limits)) => Ok((name, limits.parse()?)),
    }
}

fn stream_name(name: &str) -> Result<String, String> {
    let fits = (1..=128).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    if fits { Ok(name.into()) } else { Err(format!("`{name}` is no name of a stream of Kinesis")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_and_services_are_read() {
        let limits = |min, max| Limits { min, max };
        for (text, name, shards) in [
            ("raw", "raw", limits(1, 16)),
            ("piste-raw-stream=2..64", "piste-raw-stream", limits(2, 64)),
            ("bad-1=3..3", "bad-1", limits(3, 3)),
        ] {
            assert_eq!(text.parse(), Ok(Stream { name: name.into(), shards }));
        }
        for (text, stream, tasks) in
            [("c/s=raw", "raw", limits(1, 16)), ("c/s=raw:2..8", "raw", limits(2, 8))]
        {
            let (cluster, name, stream) = ("c".into(), "s".into(), stream.into());
            assert_eq!(text.parse(), Ok(Service { cluster, name, stream, tasks }));
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, said) in [
            ("raw=8", "`8` should be MIN..MAX, for example 2..8, of numbers from 1 to 10000"),
            ("raw=0..8", "`0..8` should be MIN..MAX, for example 2..8, of numbers from 1 to 10000"),
            ("raw=9..8", "`9..8`: 9 is more than 8"),
            ("a b", "`a b` is no name of a stream of Kinesis"),
            ("=1..2", "`` is no name of a stream of Kinesis"),
        ] {
            assert_eq!(text.parse::<Stream>(), Err(said.into()));
        }
        for text in ["s=raw", "c/s", "/s=raw", "c/=raw", "c/s/t=raw"] {
            let said = format!("`{text}` should look like piste/piste-enrich-server=piste-raw-stream:2..8");
            assert_eq!(text.parse::<Service>(), Err(said));
        }
    }
}
