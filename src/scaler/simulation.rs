//! Two days of a stream: CloudWatch two minutes late, changes that take two minutes, a morning that is twenty times the night.

use jiff::{SignedDuration, Timestamp};
use stream::kinesis::shards::Summary;

use super::{
    decision::Decision,
    shards::{Minute, Shards},
    target::Limits,
};

/// Megabytes that are written in a second, at this minute of two days.
fn written(minute: i64) -> f64 {
    match minute % 1440 {
        night if night < 480 => 0.3,
        rising if rising < 490 => 0.3 + 0.57 * (rising - 480) as f64,
        day if day < 720 => 6.0,
        _ => 0.2,
    }
}

#[test]
fn a_stream_follows_its_load() {
    let begin = Timestamp::UNIX_EPOCH;
    let at = |minute: i64| begin + SignedDuration::from_mins(minute);
    let mut known = Shards::new(Limits { min: 1, max: 32 });
    let (mut open, mut changing, mut seen) = (1_u32, None, Vec::<Minute>::new());
    let (mut steps, mut short) = (Vec::new(), 0);
    for minute in 0..2880 {
        if let Some((until, to)) = changing
            && minute >= until
        {
            (open, changing) = (to, None);
        }
        let (bytes, taken) = (written(minute) * 60.0 * 1e6, f64::from(open) * 60.0 * 1e6);
        short += i32::from(bytes > taken);
        let refused = if bytes > taken { (bytes - taken) / 1000.0 } else { 0.0 };
        let (bytes, records) = (bytes.min(taken), bytes.min(taken) / 1e5);
        seen.push(Minute { begin: at(minute), bytes, records, refused });
        // The look is at the end of the minute; the newest that is told is two minutes old.
        let told = &seen[seen.len().saturating_sub(363)..seen.len().saturating_sub(2)];
        let found = Summary { open, at_rest: changing.is_none(), on_demand: false, made: Some(at(-600)) };
        if let Decision::Change { to, .. } = known.decide(at(minute + 1), &found, told) {
            assert!(changing.is_none() && to <= open * 2 && to >= open.div_ceil(2));
            known.changed(at(minute + 1));
            changing = Some((minute + 3, to));
            steps.push((minute / 60, to));
        }
    }
    // Up within the rise, down one step after each six quiet hours; the next morning begins where the night has come to.
    // The third step down waits until four changes of the day are left for the next morning.
    let expect = [2, 4, 8, 16, 8, 4, 2, 4, 8, 16, 8].iter().zip([8, 8, 8, 8, 17, 24, 32, 32, 32, 32, 41]);
    let expect: Vec<(i64, u32)> = expect.map(|(to, hour)| (hour, *to)).collect();
    assert_eq!(steps, expect);
    assert!(short <= 25, "{short} minutes were more than the shards took");
}
