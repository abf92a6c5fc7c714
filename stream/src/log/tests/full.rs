//! A disk that is really full: a small tmpfs.

use std::{path::Path, process::Command};

use super::*;

/// A mounted tmpfs, unmounted when dropped.
struct Tmpfs(PathBuf);

impl Tmpfs {
    fn mount(at: &Path, bytes: usize) -> Option<Self> {
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])
            .arg(at)
            .output();
        mount.is_ok_and(|output| output.status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "{} stays mounted", self.0.display());
    }
}

#[tokio::test]
async fn a_full_disk_refuses_until_there_is_room() {
    let place = Place::new().with(|config| {
        config.disk = Arc::new(crate::log::disk::LocalDisk);
        config.segment_bytes = 64 << 10;
    });
    fs::create_dir_all(&place.config.folder).unwrap();
    let Some(_tmpfs) = Tmpfs::mount(&place.config.folder, 1 << 20) else {
        println!("SKIPPED: a tmpfs cannot be mounted here; the same is tested with `faulty::FaultyDisk`");
        return;
    };
    let log = place.open();
    let mut reader = acknowledge(&log, "reader", 0).await;
    let mut next = 0;
    let why = loop {
        match append(&log, next..next + 10).await {
            Ok(_) => next += 10,
            Err(AppendError::Full { why, .. }) => break why,
            Err(other) => panic!("{other}"),
        }
    };
    assert!(why.contains("disk"), "{why}");
    assert!(next > 1000, "{next}");
    assert!(matches!(append(&log, next..next + 10).await, Err(AppendError::Full { .. })));
    // Readers go on, checkpoints (on another disk here) too, and what is acknowledged makes room by itself.
    assert_eq!(crate::conformance::take_numbers(&mut *reader, next).await, (0..next).collect::<Vec<_>>());
    let done = Checkpoint { acknowledged: Some((next as u64).into()), pending: None };
    reader.checkpointer().save(&shard(), done).await.unwrap();
    append(&log, next..next + 10).await.unwrap();
    assert_eq!(
        crate::conformance::take_numbers(&mut *reader, 10).await,
        (next..next + 10).collect::<Vec<_>>()
    );
    log.close().await;
    let log = place.open();
    assert_eq!(everything(&log).await.last(), Some(&(next + 9)));
}
