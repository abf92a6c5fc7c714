//! One writer a folder: a locked file that says who holds it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::Path,
};

/// Held as long as it lives; the kernel releases it when the process ends in whatever way.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a child process that is just being started holds the file open until it runs its program.
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "the lock of the log is released only when the process ends");
        }
    }
}

/// Why the lock was not taken.
#[derive(Debug)]
pub(super) enum LockError {
    /// Somebody else has it: its process id, where the file tells.
    Held(Option<u32>),
    /// The file cannot be made or read.
    Io(io::Error),
}

impl Lock {
    /// Takes the lock of `folder` and writes our process id into its file `lock`.
    pub(super) fn take(folder: &Path) -> Result<Self, LockError> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join("lock"))
            .map_err(LockError::Io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let read = file.read_to_string(&mut text);
                return Err(LockError::Held(read.ok().and_then(|_| text.trim().parse().ok())));
            }
            Err(TryLockError::Error(error)) => return Err(LockError::Io(error)),
        }
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", std::process::id())
        };
        match write(&mut file) {
            // The pid is a courtesy: a full disk must not keep the log from opening.
            Ok(()) => {}
            Err(error) if super::disk::is_full(&error) => {}
            Err(error) => return Err(LockError::Io(error)),
        }
        Ok(Self { file })
    }
}
