use super::*;

/// A shard of this number. Shards are numbered in the order in which they were made.
fn shard(number: u32, parents: &[u32], is_open: bool, range: (u128, u128)) -> Shard {
    Shard {
        id: ShardId::numbered(number),
        parents: parents.iter().map(|parent| ShardId::numbered(*parent)).collect(),
        range: HashRange { start: range.0, end: range.1 },
        first: u64::from(number).into(),
        is_open,
    }
}

/// ```text
/// 0   1   2   3   4   5
///  \ /     \ /    |   |
///   6       7     |   |
///    \     /      |  / \
///     \   /       | /   \
///       8         4 9   10    open
/// ```
fn grown() -> Vec<Shard> {
    vec![
        shard(0, &[], false, (0, 9)),
        shard(1, &[], false, (10, 19)),
        shard(2, &[], false, (20, 29)),
        shard(3, &[], false, (30, 39)),
        shard(4, &[], true, (40, 49)),
        shard(5, &[], false, (50, u128::MAX)),
        shard(6, &[0, 1], false, (0, 19)),
        shard(7, &[2, 3], false, (20, 39)),
        shard(8, &[6, 7], true, (0, 39)),
        shard(9, &[5], true, (50, 59)),
        shard(10, &[5], true, (60, u128::MAX)),
    ]
}

/// ```text
/// 0     3     6     9
///  \   / \   / \   /
///    2     5     8
///  /   \ /   \ /   \
/// 1     4     7     10
/// ```
fn chain() -> Vec<Shard> {
    let (low, high, all) = ((0, 9), (10, u128::MAX), (0, u128::MAX));
    vec![
        shard(0, &[], false, low),
        shard(1, &[], false, high),
        shard(2, &[0, 1], false, all),
        shard(3, &[2], false, low),
        shard(4, &[2], false, high),
        shard(5, &[3, 4], false, all),
        shard(6, &[5], false, low),
        shard(7, &[5], false, high),
        shard(8, &[6, 7], false, all),
        shard(9, &[8], true, low),
        shard(10, &[8], true, high),
    ]
}

fn numbers(leases: &[Lease]) -> Vec<(u32, Progress)> {
    leases.iter().map(|lease| (lease.shard.as_str()[8..].parse().unwrap(), lease.progress)).collect()
}

const TIME: Beginning = Beginning::AtTimestamp(Timestamp::UNIX_EPOCH);

#[test]
fn what_is_missing_is_made() {
    const OLD: Progress = Progress::TrimHorizon;
    const NEW: Progress = Progress::Latest;
    /// Leases there are; and what is made beginning at the newest record, and at the oldest.
    type Case = (&'static [u32], &'static [(u32, Progress)], &'static [(u32, Progress)]);
    let check = |graph: &str, shards: Vec<Shard>, cases: &[Case]| {
        for (present, newest, oldest) in cases {
            let leases: Vec<_> = present
                .iter()
                .map(|number| Lease::new(ShardId::numbered(*number), Progress::ShardEnd))
                .collect();
            let made = |beginning| numbers(&missing_leases(&shards, &leases, beginning));
            assert_eq!(made(Beginning::Latest), *newest, "{graph}, {present:?}: newest");
            assert_eq!(made(Beginning::TrimHorizon), *oldest, "{graph}, {present:?}: oldest");
            let at_time: Vec<_> = oldest.iter().map(|(number, _)| (*number, Progress::AtTimestamp)).collect();
            assert_eq!(made(TIME), at_time, "{graph}, {present:?}: at a time");
        }
    };
    check(
        "grown",
        grown(),
        &[
            (
                &[],
                &[(4, NEW), (8, NEW), (9, NEW), (10, NEW)],
                &[(0, OLD), (1, OLD), (2, OLD), (3, OLD), (4, OLD), (5, OLD)],
            ),
            (&[4, 5, 7], &[(6, NEW)], &[(0, OLD), (1, OLD)]),
            (&[5, 7], &[(4, NEW), (6, NEW)], &[(0, OLD), (1, OLD), (4, OLD)]),
            (&[0, 1, 2, 3, 4, 5], &[], &[]),
            (&[0, 1, 4, 5], &[(7, NEW)], &[(2, OLD), (3, OLD)]),
            (&[0, 4, 7, 9, 10], &[(1, NEW)], &[(1, OLD)]),
            (&[0, 1, 2, 3, 4, 7, 9, 10], &[], &[]),
            (&[8, 4, 9, 10], &[], &[]),
            (&[8, 4, 9], &[(10, NEW)], &[(5, OLD)]),
            (&[6, 7, 4], &[(9, NEW), (10, NEW)], &[(5, OLD)]),
        ],
    );
    check(
        "chain",
        chain(),
        &[
            (&[], &[(9, NEW), (10, NEW)], &[(0, OLD), (1, OLD)]),
            (&[5], &[], &[]),
            (&[0], &[(1, NEW)], &[(1, OLD)]),
            (&[3], &[(4, NEW)], &[(0, OLD), (1, OLD)]),
            (&[9], &[(10, NEW)], &[(0, OLD), (1, OLD)]),
            (&[7], &[(6, NEW)], &[(0, OLD), (1, OLD)]),
            (&[9, 10], &[], &[]),
        ],
    );
    // Kinesis has forgotten the oldest.
    let recent = || chain().split_off(5);
    check(
        "recent",
        recent(),
        &[(&[], &[(9, NEW), (10, NEW)], &[(5, OLD)]), (&[6], &[(7, NEW)], &[(5, OLD)]), (&[8], &[], &[])],
    );
}

/// Which leases there are does not depend on the order of the list.
#[test]
fn order_does_not_matter() {
    let leases = [4, 5, 7].map(|number| Lease::new(ShardId::numbered(number), Progress::TrimHorizon));
    let mut shards = grown();
    for beginning in [Beginning::Latest, Beginning::TrimHorizon] {
        let expect = missing_leases(&shards, &leases, beginning);
        for _ in 0..shards.len() {
            shards.rotate_left(1);
            assert_eq!(missing_leases(&shards, &leases, beginning), expect);
        }
    }
}

#[test]
fn a_long_past_and_nonsense_end() {
    let mut shards: Vec<_> =
        (0..5000).map(|n| shard(n, if n == 0 { &[] } else { &[0] }, n == 4999, (0, u128::MAX))).collect();
    for (shard, before) in shards[1..].iter_mut().zip(0..) {
        shard.parents = vec![ShardId::numbered(before)];
    }
    assert_eq!(numbers(&missing_leases(&shards, &[], Beginning::TrimHorizon)), [(0, Progress::TrimHorizon)]);
    // A shard that was made from itself.
    let circle = [shard(0, &[1], true, (0, 9)), shard(1, &[0], true, (10, u128::MAX))];
    assert!(!missing_leases(&circle, &[], Beginning::Latest).is_empty());
}

#[test]
fn holes_are_found() {
    let max = u128::MAX;
    type Range = (u128, u128);
    let cases: [(&[Range], Option<Range>); 9] = [
        (&[], Some((0, max))),
        (&[(0, max)], None),
        (&[(0, 9), (10, max)], None),
        (&[(10, max), (0, 9)], None),
        (&[(0, 9), (11, max)], Some((10, 10))),
        (&[(1, max)], Some((0, 0))),
        (&[(0, max - 1)], Some((max, max))),
        (&[(0, 20), (5, 7), (10, max)], None),
        (&[(0, 20), (5, 7), (30, 40), (60, max)], Some((21, 29))),
    ];
    for (ranges, expect) in cases {
        let found = hole(ranges.iter().map(|(start, end)| HashRange { start: *start, end: *end }));
        assert_eq!(found.map(|range| (range.start, range.end)), expect, "{ranges:?}");
    }
}

#[test]
fn the_first_leases_are_of_all_hashes() {
    let open: Vec<_> = grown().into_iter().filter(|shard| shard.is_open).collect();
    for (beginning, progress) in [
        (Beginning::Latest, Progress::Latest),
        (Beginning::TrimHorizon, Progress::TrimHorizon),
        (TIME, Progress::AtTimestamp),
    ] {
        let leases = first_leases(&open, beginning).unwrap();
        assert_eq!(numbers(&leases), [4, 8, 9, 10].map(|number| (number, progress)));
        assert_eq!(leases[1].range, Some(HashRange { start: 0, end: 39 }));
        assert_eq!(leases[1].parents, [6, 7].map(ShardId::numbered));
    }
    assert_eq!(first_leases(&open[1..], Beginning::Latest), Err(HashRange { start: 40, end: 49 }));
}
