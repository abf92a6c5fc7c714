//! Any record is taken apart into parts of itself; what is packed is read back.

use bytes::Bytes;
use md5::{Digest, Md5};
use stream::kinesis::{aggregated::user_records, lease::HashRange};

/// The law.
pub fn law(data: &[u8]) {
    taken_apart(data);
    // Mutations of a whole record rarely have the right checksum.
    taken_apart(&sealed(data));
    packed(data);
}

fn taken_apart(record: &[u8]) {
    let record = Bytes::copy_from_slice(record);
    let Some(found) = user_records(&record, HashRange::ALL) else { return };
    // Each takes a tag, a length, an index and a length at least.
    assert!(found.len() * 6 <= record.len());
    assert!(found.iter().map(|user_record| user_record.data.len()).sum::<usize>() <= record.len());
    for user_record in &found {
        for part in [Some(&user_record.data), Some(&user_record.key), user_record.hash_key.as_ref()] {
            part.into_iter().filter(|part| !part.is_empty()).for_each(|part| drop(record.slice_ref(part)));
        }
    }
}

/// `data` is records, each as long as the byte before it says; the keys are its first bytes.
fn packed(data: &[u8]) {
    let (key, mut rest) = data.split_at(data.len().min(3));
    let (mut body, mut records) = (field(1, key), Vec::new());
    while let [length, more @ ..] = rest {
        let (record, after) = more.split_at(usize::from(*length).min(more.len()));
        body.extend(field(3, &[&[0x08, 0x00][..], &field(3, record)].concat()));
        records.push(record);
        rest = after;
    }
    let record = sealed(&body).into();
    let found = user_records(&record, HashRange::ALL).expect("it was packed well");
    assert_eq!(found.iter().map(|found| &found.data[..]).collect::<Vec<_>>(), records);
    assert!(found.iter().all(|found| found.key == key && found.hash_key.is_none()));
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length > 0x7f {
        field.push(length as u8 | 0x80);
        length >>= 7;
    }
    field.push(length as u8);
    [field, bytes.to_vec()].concat()
}

fn sealed(body: &[u8]) -> Vec<u8> {
    [&[0xf3, 0x89, 0x9a, 0xc2], body, &Md5::digest(body)[..]].concat()
}
