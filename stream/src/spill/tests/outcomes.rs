//! Whatever the stream answers: what was acknowledged reaches it at least once, each key in order.

use proptest::{collection::vec, prelude::*};

use super::*;

const KEYS: [&str; 3] = ["a", "b", "c"];

fn mood() -> impl Strategy<Value = Mood> {
    prop_oneof![
        3 => Just(Mood::Take),
        2 => Just(Mood::Full),
        1 => Just(Mood::Lost),
        1 => Just(Mood::Unknown),
        1 => Just(Mood::Hang),
        1 => Just(Mood::TakeAndHang),
        2 => (0..4_usize).prop_map(Mood::Part),
    ]
}

/// Three callers, one a key, append batches of these sizes; the stream answers with these moods and then takes everything.
async fn check(moods: Vec<Mood>, sizes: Vec<usize>, restart: bool) -> Result<(), TestCaseError> {
    let place = Place::new();
    place.inner.plan(&moods);
    let mut spill = Arc::new(place.open());
    let mut from = 0;
    for round in 0..2 {
        let callers: Vec<_> = KEYS
            .into_iter()
            .map(|key| {
                let (spill, sizes) = (spill.clone(), sizes.clone());
                tokio::spawn(async move {
                    let mut next = from;
                    for size in sizes {
                        append(&spill, key, next..next + size).await.unwrap();
                        next += size;
                    }
                    next
                })
            })
            .collect();
        for caller in callers {
            from = caller.await.unwrap();
        }
        if restart && round == 0 {
            spill.close().await;
            spill = Arc::new(place.open());
        }
    }
    let facts = until_direct(&spill).await;
    prop_assert_eq!(facts.refused, 0);
    for key in KEYS {
        prop_assert_eq!(place.taken(key), (0..from).collect::<Vec<_>>(), "{}", key);
    }
    prop_assert!(spill.health().borrow().is_well());
    prop_assert_eq!(spill.close().await.records, 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn at_least_once_and_in_order(
        moods in vec(mood(), 0..24),
        sizes in vec(1..4_usize, 1..6),
        restart: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(check(moods, sizes, restart))?;
    }
}
