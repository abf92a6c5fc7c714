//! Writing the struct. Per field: type byte, big-endian id, value; one zero byte at the end.

pub(super) const I64: u8 = 10;
pub(super) const STRING: u8 = 11;
pub(super) const LIST: u8 = 15;

pub(super) const IP_ADDRESS: i16 = 100;
pub(super) const TIMESTAMP: i16 = 200;
pub(super) const ENCODING: i16 = 210;
pub(super) const COLLECTOR: i16 = 220;
pub(super) const USER_AGENT: i16 = 300;
pub(super) const REFERER_URI: i16 = 310;
pub(super) const PATH: i16 = 320;
pub(super) const QUERYSTRING: i16 = 330;
pub(super) const BODY: i16 = 340;
pub(super) const HEADERS: i16 = 350;
pub(super) const CONTENT_TYPE: i16 = 360;
pub(super) const HOSTNAME: i16 = 400;
pub(super) const NETWORK_USERID: i16 = 410;
pub(super) const SCHEMA: i16 = 31337;

/// The fields of a [`super::CollectorPayload`], borrowed from wherever they are, to be written without owning them first.
/// `H` is what a header line is: UTF-8.
#[derive(Debug)]
#[expect(missing_docs, reason = "the fields are those of CollectorPayload")]
pub struct PayloadRef<'a, H = String> {
    pub schema: &'a str,
    pub ip_address: Option<&'a str>,
    pub timestamp: i64,
    pub encoding: Option<&'a str>,
    pub collector: Option<&'a str>,
    pub user_agent: Option<&'a str>,
    pub referer_uri: Option<&'a str>,
    pub path: Option<&'a str>,
    pub querystring: Option<&'a str>,
    pub body: Option<&'a [u8]>,
    pub headers: Option<&'a [H]>,
    pub content_type: Option<&'a str>,
    pub hostname: Option<&'a str>,
    pub network_userid: Option<&'a str>,
}

impl<H: AsRef<[u8]>> PayloadRef<'_, H> {
    /// Thrift bytes, fields in ascending order of their ids, appended to `out`, where there should be room for
    /// [`PayloadRef::encoded_len`] bytes.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        text(out, IP_ADDRESS, self.ip_address);
        field(out, I64, TIMESTAMP);
        out.extend_from_slice(&self.timestamp.to_be_bytes());
        text(out, ENCODING, self.encoding);
        text(out, COLLECTOR, self.collector);
        text(out, USER_AGENT, self.user_agent);
        text(out, REFERER_URI, self.referer_uri);
        text(out, PATH, self.path);
        text(out, QUERYSTRING, self.querystring);
        if let Some(body) = self.body {
            string(out, BODY, body);
        }
        if let Some(headers) = self.headers {
            field(out, LIST, HEADERS);
            out.push(STRING);
            size(out, headers.len());
            for header in headers {
                size(out, header.as_ref().len());
                out.extend_from_slice(header.as_ref());
            }
        }
        text(out, CONTENT_TYPE, self.content_type);
        text(out, HOSTNAME, self.hostname);
        text(out, NETWORK_USERID, self.network_userid);
        text(out, SCHEMA, Some(self.schema));
        out.push(0);
    }

    /// How many bytes [`PayloadRef::encode_into`] appends.
    pub fn encoded_len(&self) -> usize {
        let texts = [
            self.ip_address,
            self.encoding,
            self.collector,
            self.user_agent,
            self.referer_uri,
            self.path,
            self.querystring,
            self.content_type,
            self.hostname,
            self.network_userid,
            Some(self.schema),
        ];
        let texts: usize = texts.into_iter().flatten().map(|t| 7 + t.len()).sum();
        let headers = self.headers.map_or(0, |h| 8 + h.iter().map(|h| 4 + h.as_ref().len()).sum::<usize>());
        texts + 11 + self.body.map_or(0, |b| 7 + b.len()) + headers + 1
    }
}

fn text(out: &mut Vec<u8>, id: i16, value: Option<&str>) {
    if let Some(value) = value {
        string(out, id, value.as_bytes());
    }
}

fn string(out: &mut Vec<u8>, id: i16, value: &[u8]) {
    let ([high, low], [a, b, c, d]) = (id.to_be_bytes(), big_endian(value.len()));
    out.extend_from_slice(&[STRING, high, low, a, b, c, d]);
    out.extend_from_slice(value);
}

fn field(out: &mut Vec<u8>, kind: u8, id: i16) {
    let [high, low] = id.to_be_bytes();
    out.extend_from_slice(&[kind, high, low]);
}

fn size(out: &mut Vec<u8>, size: usize) {
    out.extend_from_slice(&big_endian(size));
}

fn big_endian(size: usize) -> [u8; 4] {
    let size =
        i32::try_from(size).expect("requests are capped far below 2 GiB, and so is every part of them");
    size.to_be_bytes()
}
