//! Laws of the parsers of outside bytes. Each file holds `law(data)`, which panics where the law is broken: here it runs on
//! a corpus, on mutations of it and on random bytes; `tests/fuzz/` runs the same files under a fuzzer.
//!
//! A finding of the fuzzer becomes a file in `corpus/<law>/`, named by what broke.

use std::path::Path;

use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

/// A law: panics when it is broken.
pub type Law = fn(&[u8]);

macro_rules! laws {
    ($($name:ident)*) => {
        $(pub mod $name;)*

        /// Every law by name.
        pub const LAWS: &[(&str, Law)] = &[$((stringify!($name), $name::law)),*];

        mod run {
            $(#[test] fn $name() { super::uphold(stringify!($name), super::$name::law); })*
        }
    };
}

laws! {
    aggregated collector_answer collector_cookie collector_forwarded collector_intake collector_query enrich_record frame
    json log_frame parquet_rows payload querystring registry_request request tsv
}

/// How many inputs of each kind a law is tried on.
const CASES: u32 = 1000;

/// Runs a law on its corpus, on mutations of it and on random bytes. The same inputs every time: searching is the
/// fuzzer's work.
fn uphold(name: &str, law: Law) {
    let corpus = corpus(name);
    for (file, data) in &corpus {
        eprintln!("{file}");
        law(data);
    }
    let mut runner = TestRunner::new_with_rng(
        Config { cases: CASES, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() },
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    let obey = |data: Vec<u8>| -> Result<(), TestCaseError> {
        law(&data);
        Ok(())
    };
    runner.run(&prop::collection::vec(any::<u8>(), 0..2048), obey).unwrap();
    if !corpus.is_empty() {
        let seeds: Vec<Vec<u8>> = corpus.into_iter().map(|(_, data)| data).collect();
        runner
            .run(&(prop::sample::select(seeds), prop::collection::vec(edit(), 1..6)).prop_map(mutated), obey)
            .unwrap();
    }
}

fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/laws/corpus").join(name);
    let Ok(listing) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<(String, Vec<u8>)> = listing
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
        .collect();
    found.sort();
    found
}

#[derive(Clone, Debug)]
enum Edit {
    Flip(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize),
    Cut(prop::sample::Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<prop::sample::Index>;
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..8),
        prop::sample::select(vec![
            b"\t".to_vec(),
            b"\n".to_vec(),
            b"%".to_vec(),
            b"\"".to_vec(),
            b"{".to_vec(),
            b"]".to_vec(),
            vec![0xff; 4],
            vec![0x7f, 0xff, 0xff, 0xff],
            vec![0; 8],
        ]),
    ];
    prop_oneof![
        (at(), 1u8..=255).prop_map(|(i, mask)| Edit::Flip(i, mask)),
        (at(), bytes).prop_map(|(i, bytes)| Edit::Insert(i, bytes)),
        (at(), 1usize..32).prop_map(|(i, n)| Edit::Remove(i, n)),
        (at(), 1usize..64).prop_map(|(i, n)| Edit::Repeat(i, n)),
        at().prop_map(Edit::Cut),
    ]
}

fn mutated((mut data, edits): (Vec<u8>, Vec<Edit>)) -> Vec<u8> {
    for edit in edits {
        let len = data.len();
        if len == 0 {
            break;
        }
        match edit {
            Edit::Flip(i, mask) => data[i.index(len)] ^= mask,
            Edit::Insert(i, bytes) => drop(data.splice(i.index(len)..i.index(len), bytes)),
            Edit::Remove(i, n) => drop(data.drain(i.index(len)..(i.index(len) + n).min(len))),
            Edit::Repeat(i, n) => {
                let copy = data[i.index(len)..(i.index(len) + n).min(len)].to_vec();
                drop(data.splice(i.index(len)..i.index(len), copy));
            }
            Edit::Cut(i) => data.truncate(i.index(len)),
        }
    }
    data
}
