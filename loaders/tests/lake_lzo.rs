//! Files in LZO: blocks of records, their container and its index, as `lzop` and Hadoop jobs read them.

use std::process::Command;

use loaders::lake::{
    buffer::{Buffer, Object},
    config::Purpose,
    format::FileFormat,
    lzo::LzoRecords,
    template::Template,
};
use stream::record::Position;

/// In front of each block of records.
const MARKER: [u8; 16] =
    [0x29, 0xd8, 0xd5, 0x06, 0x58, 0xcd, 0x4c, 0x29, 0xb2, 0xbc, 0x57, 0x99, 0x21, 0x71, 0xbd, 0xff];

/// Bytes that do not compress.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

fn packed(records: &[Vec<u8>]) -> (Vec<u8>, Vec<u8>) {
    let mut lzo = LzoRecords::default();
    for record in records {
        lzo.push(record);
    }
    lzo.finish()
}

/// The content, read block by block, and where each block begins.
fn unpacked(file: &[u8]) -> (Vec<u8>, Vec<u64>) {
    let number = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().expect("four bytes")) as usize;
    let (mut at, mut content, mut places) = (38, Vec::new(), Vec::new());
    while number(at) > 0 {
        places.push(at as u64);
        let (before, after) = (number(at), number(at + 4));
        let block = &file[at + 8..at + 8 + after];
        assert!(before <= 245_693 && after <= before, "{before} {after}");
        if after == before {
            content.extend_from_slice(block);
        } else {
            let block = lzokay_native::decompress_all(block, Some(before)).expect("LZO1X");
            assert_eq!(block.len(), before);
            content.extend(block);
        }
        at += 8 + after;
    }
    assert_eq!(at + 4, file.len(), "nothing is behind the end");
    (content, places)
}

/// The records of each block.
fn records(mut content: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut blocks = Vec::new();
    while !content.is_empty() {
        assert_eq!(content[..16], MARKER);
        let length = u32::from_le_bytes(content[16..20].try_into().expect("four bytes")) as usize;
        let mut message = content[20..20 + length].strip_prefix(b"\x08\x01\x12\x06byte[]").expect("a head");
        let mut block = Vec::new();
        while let Some(rest) = message.strip_prefix(b"\x1a") {
            let (mut size, mut digits) = (0, 0);
            while rest[digits] >= 0x80 {
                size |= usize::from(rest[digits] & 0x7f) << (7 * digits);
                digits += 1;
            }
            size |= usize::from(rest[digits]) << (7 * digits);
            let (record, after) = rest[digits + 1..].split_at(size);
            block.push(record.to_vec());
            message = after;
        }
        assert!(message.is_empty());
        blocks.push(block);
        content = &content[20 + length..];
    }
    blocks
}

/// What they are, records, and how many of them each block holds.
type Set = (&'static str, Vec<Vec<u8>>, Vec<usize>);

fn sets() -> Vec<Set> {
    let payload = |n: usize| format!("{n} {}", "page view, shop.example ".repeat(n % 60)).into_bytes();
    let slices = |size: usize| noise(600_000).chunks(size).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let mixed = (0..400).map(|n| if n % 7 == 0 { noise(n * 9) } else { payload(n) }).collect();
    vec![
        ("nothing", vec![], vec![]),
        ("one empty record", vec![vec![]], vec![1]),
        ("250 payloads", (0..250).map(payload).collect(), vec![100, 100, 50]),
        ("blocks larger than those of the container", vec![b"x".repeat(1_000_000); 2], vec![2]),
        ("what does not compress", slices(1000), vec![100; 6]),
        ("one record that does not compress", vec![noise(900_001)], vec![1]),
        ("both", mixed, vec![100; 4]),
    ]
}

#[test]
fn records_come_back_and_the_index_says_where_blocks_begin() {
    for (what, given, blocks) in sets() {
        let (file, index) = packed(&given);
        let (content, places) = unpacked(&file);
        let found = records(&content);
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), blocks, "{what}");
        assert!(found.concat() == given, "{what}");
        let places: Vec<u8> = places.into_iter().flat_map(u64::to_be_bytes).collect();
        assert_eq!(index, places, "{what}");
        assert!(packed(&given) == (file, index), "{what}: the same again");
    }
}

/// `lzop` is what `./test` installs.
#[test]
fn lzop_accepts_the_files() {
    let folder = tempfile::tempdir().expect("a folder");
    for (n, (what, given, _)) in sets().into_iter().enumerate() {
        let (file, _) = packed(&given);
        let path = folder.path().join(format!("{n}.lzo"));
        std::fs::write(&path, &file).expect("written");
        let lzop = |option: &str| {
            let run = Command::new("lzop").arg(option).arg(&path).output();
            let run = run.expect("lzop is there: `./test tools` installs it");
            assert!(run.status.success(), "{what}: {}", String::from_utf8_lossy(&run.stderr));
            run.stdout
        };
        lzop("-t");
        assert!(lzop("-dc") == unpacked(&file).0, "{what}");
    }
}

#[test]
fn partitions_have_a_file_and_an_index_each() {
    let row = |name: &str| format!(r#"{{"schema":"iglu:com.acme/{name}/jsonschema/1-0-0","data":{{}}}}"#);
    let pattern = Template::parse("{vendor}.{schema}").expect("a pattern");
    let mut buffer = Buffer::new(Purpose::SelfDescribing, pattern).in_format(FileFormat::Lzo);
    for (n, name) in ["a", "b", "a"].into_iter().enumerate() {
        buffer.push(Position::from(n as u64 + 1), row(name).as_bytes());
    }
    let found = buffer.finish().objects;
    let of = |object: &Object| records(&unpacked(&object.packed.bytes).0).concat();
    assert_eq!(
        found.iter().map(of).collect::<Vec<_>>(),
        [vec![row("a").into_bytes(), row("a").into_bytes()], vec![row("b").into_bytes()],]
    );
    for object in found {
        assert_eq!(object.packed.index, Some(38_u64.to_be_bytes().to_vec()));
    }
}
