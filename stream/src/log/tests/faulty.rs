//! A disk that fails on purpose and loses what was not synced when its power is cut.
//!
//! Files are real, so readers read them as always; syncs only write down what would have survived.

use std::{
    collections::{HashMap, VecDeque},
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use crate::log::disk::{Disk, DiskFile};

/// What goes wrong at the next call of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A write takes only a part.
    ShortWrite,
    /// A write leaves a part behind and says `ENOSPC`.
    WriteFull,
    /// A write leaves a part behind and says `EIO`.
    WriteError,
    /// A sync says `ENOSPC`.
    SyncFull,
    /// A sync says `EIO`.
    SyncError,
    /// A file cannot be cut.
    CutError,
    /// The names of a folder cannot be made durable.
    FolderError,
}

impl Fault {
    const ALL: [Self; 7] = [
        Self::ShortWrite,
        Self::WriteFull,
        Self::WriteError,
        Self::SyncFull,
        Self::SyncError,
        Self::CutError,
        Self::FolderError,
    ];

    fn error(self) -> io::Error {
        // ENOSPC and EIO.
        io::Error::from_raw_os_error(if matches!(self, Self::WriteFull | Self::SyncFull) { 28 } else { 5 })
    }
}

/// Bytes that reach a disk together.
const SECTOR: usize = 512;

#[derive(Clone, Default)]
pub(crate) struct FaultyDisk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    planned: VecDeque<Fault>,
    /// One call in so many fails; 0: none.
    one_in: u64,
    random: Random,
    dead: bool,
    /// So many calls are made before it dies.
    left: Option<usize>,
    files: HashMap<PathBuf, Known>,
    /// Syncs of files so far.
    syncs: usize,
    writes: usize,
}

/// What would survive of a file.
#[derive(Default)]
struct Known {
    /// Its durable length.
    synced: u64,
    /// What stood where something was written within that length since the last sync.
    replaced_bytes: Vec<(u64, Vec<u8>)>,
    /// Its name has been made durable.
    named: bool,
    /// What had the name before, until the new name is durable.
    replaced: Option<Vec<u8>>,
}

/// A small generator with a seed (splitmix64).
#[derive(Clone, Default)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

impl FaultyDisk {
    /// From now on one call in `one_in` fails.
    pub(crate) fn randomly(&self, seed: u64, one_in: u64) {
        let mut state = self.state();
        (state.random, state.one_in) = (Random(seed), one_in);
    }

    /// The next call of its kind fails.
    pub(crate) fn plan(&self, faults: &[Fault]) {
        self.state().planned.extend(faults);
    }

    /// What was planned and not met does not happen.
    pub(crate) fn heal(&self) {
        self.state().planned.clear();
    }

    pub(crate) fn planned(&self) -> usize {
        self.state().planned.len()
    }

    pub(crate) fn calls(&self) -> (usize, usize) {
        let state = self.state();
        (state.writes, state.syncs)
    }

    /// Nothing reaches the disk any more.
    pub(crate) fn die(&self) {
        self.state().dead = true;
    }

    /// After so many more calls nothing reaches the disk any more.
    pub(crate) fn die_after(&self, calls: usize) {
        self.state().left = Some(calls);
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.state().dead
    }

    /// As after a process was killed: what it wrote is there, synced or not.
    pub(crate) fn revive(&self) {
        self.state().dead = false;
    }

    /// What was not synced is lost, in whole or in part. The disk works again, without faults.
    pub(crate) fn power_cut(&self) {
        let mut state = self.state();
        (state.dead, state.left, state.one_in) = (false, None, 0);
        state.planned.clear();
        let mut random = state.random.clone();
        for (path, known) in &mut state.files {
            let Ok(file) = OpenOptions::new().read(true).write(true).open(path) else { continue };
            let bytes = file.metadata().unwrap().len();
            if !known.named && random.below(2) == 0 {
                match known.replaced.take() {
                    Some(before) => {
                        fs::write(path, &before).unwrap();
                        *known = Known { synced: before.len() as u64, named: true, ..Known::default() };
                    }
                    None => fs::remove_file(path).unwrap(),
                }
                continue;
            }
            // Sectors reach the disk in any order, or not at all.
            for (offset, old) in known.replaced_bytes.drain(..).rev() {
                let at = offset as usize;
                let sectors =
                    (at / SECTOR..(at + old.len()).div_ceil(SECTOR)).filter(|_| random.below(2) == 0);
                for sector in sectors {
                    let from = (sector * SECTOR).max(at);
                    let to = ((sector + 1) * SECTOR).min(at + old.len());
                    file.write_all_at(&old[from - at..to - at], from as u64).unwrap();
                }
            }
            if bytes > known.synced {
                let kept = known.synced + random.below(bytes - known.synced + 1);
                file.set_len(kept).unwrap();
                // Pages reach the disk in any order.
                if kept > known.synced && random.below(2) == 0 {
                    let hole = known.synced + random.below(kept - known.synced);
                    file.write_all_at(&vec![0; (kept - hole).min(64) as usize], hole).unwrap();
                }
            }
            (known.synced, known.named, known.replaced) = (file.metadata().unwrap().len(), true, None);
        }
        state.random = random;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl State {
    fn check(&mut self) -> io::Result<()> {
        if let Some(left) = &mut self.left {
            self.dead |= *left == 0;
            *left = left.saturating_sub(1);
        }
        if self.dead { Err(io::Error::from_raw_os_error(5)) } else { Ok(()) }
    }

    /// The fault that one of these calls meets now.
    fn fault(&mut self, possible: &[Fault]) -> Option<Fault> {
        if self.planned.front().is_some_and(|next| possible.contains(next)) {
            return self.planned.pop_front();
        }
        if self.one_in == 0 || self.random.below(self.one_in) != 0 {
            return None;
        }
        let drawn = Fault::ALL[self.random.below(Fault::ALL.len() as u64) as usize];
        possible.contains(&drawn).then_some(drawn)
    }
}

impl Disk for FaultyDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.state().check()?;
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        self.state().files.insert(path.to_owned(), Known::default());
        Ok(Box::new(FaultyFile { disk: self.clone(), path: path.to_owned(), file }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.state().check()?;
        let file = OpenOptions::new().write(true).open(path)?;
        Ok(Box::new(FaultyFile { disk: self.clone(), path: path.to_owned(), file }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.check()?;
        let before = fs::read(to).ok();
        fs::rename(from, to)?;
        let synced = state.files.remove(from).map_or(0, |known| known.synced);
        let known = Known { synced, replaced: before, ..Known::default() };
        state.files.insert(to.to_owned(), known);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.check()?;
        state.files.remove(path);
        fs::remove_file(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.check()?;
        if let Some(fault) = state.fault(&[Fault::FolderError]) {
            return Err(fault.error());
        }
        for (_, known) in state.files.iter_mut().filter(|(path, _)| path.parent() == Some(folder)) {
            (known.named, known.replaced) = (true, None);
        }
        Ok(())
    }
}

struct FaultyFile {
    disk: FaultyDisk,
    path: PathBuf,
    file: File,
}

impl DiskFile for FaultyFile {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut state = self.disk.state();
        state.check()?;
        state.writes += 1;
        let length = self.file.metadata()?.len();
        if let Some(known) = state.files.get_mut(&self.path)
            && offset < length.min(known.synced)
        {
            let mut old = vec![0; bytes.len().min((length.min(known.synced) - offset) as usize)];
            File::open(&self.path)?.read_exact_at(&mut old, offset)?;
            known.replaced_bytes.push((offset, old));
        }
        let part = bytes.len().div_ceil(2);
        match state.fault(&[Fault::ShortWrite, Fault::WriteFull, Fault::WriteError]) {
            None => FileExt::write_at(&self.file, bytes, offset),
            Some(Fault::ShortWrite) => FileExt::write_at(&self.file, &bytes[..part], offset),
            Some(fault) => {
                self.file.write_all_at(&bytes[..part], offset)?;
                Err(fault.error())
            }
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.state();
        state.check()?;
        state.syncs += 1;
        if let Some(fault) = state.fault(&[Fault::SyncFull, Fault::SyncError]) {
            return Err(fault.error());
        }
        let synced = self.file.metadata()?.len();
        let known = state.files.entry(self.path.clone());
        let known = known.or_insert_with(|| Known { named: true, ..Known::default() });
        known.synced = synced;
        known.replaced_bytes.clear();
        Ok(())
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.check()?;
        if let Some(fault) = state.fault(&[Fault::CutError]) {
            return Err(fault.error());
        }
        self.file.set_len(length)
    }
}
