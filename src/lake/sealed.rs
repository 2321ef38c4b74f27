//! A sealed run: opening it and comparing its files with its manifest.

use std::collections::BTreeMap;
use std::fs;

use super::disk::digest::sha256_of_bytes;
use super::disk::read::read_if_exists;
use super::format::refuse_newer;
use super::listing::Listing;
use super::run::changed;
use super::{Error, LockedLake, Manifest, ManifestFile, Run};
use digdag_task::Observer;

/// A run with a manifest that agrees with its own digest, and with the one that the lake keeps if it keeps one.
#[derive(Clone, Debug)]
pub struct SealedRun {
    pub(super) run: Run,
    pub(super) manifest: Manifest,
    /// The bytes of the manifest on the disk.
    pub(super) text: Vec<u8>,
    /// Whether the lake keeps the digest of the manifest.
    pub(super) anchored: bool,
}

impl SealedRun {
    /// Opens a sealed run and reads its manifest, but none of its other files.
    ///
    /// # Errors
    /// Returns [`Error::NotSealed`] if there is no manifest, [`Error::Changed`] if it was edited or is that of another
    /// run, and [`Error::NewerFormat`] if a newer version wrote it.
    pub fn open(run: &Run) -> anyhow::Result<Self> {
        let path = run.manifest_file();
        run.lake().refuse_links(&path)?;
        let text = read_if_exists(&path)?.ok_or_else(|| Error::NotSealed { run: run.id().clone() })?;
        refuse_newer(&path, &text, Manifest::FORMAT)?;
        let manifest = Manifest::parse(&text, run.id()).map_err(|difference| changed(run, difference))?;
        let anchor = run.anchor()?;
        if anchor.as_ref().is_some_and(|anchor| *anchor != sha256_of_bytes(&text)) {
            return Err(changed(run, "its manifest is not the one that was written when it was sealed"));
        }
        Ok(SealedRun { run: run.clone(), manifest, text, anchored: anchor.is_some() })
    }

    /// Opens a run that may be published: sealed, with every file as its manifest says.
    ///
    /// # Errors
    /// Returns an error if the run is not sealed or fails verification.
    pub fn open_verified(run: &Run, observer: &dyn Observer) -> anyhow::Result<Self> {
        let sealed = SealedRun::open(run)?;
        sealed.verify(observer)?;
        Ok(sealed)
    }

    /// Returns the run.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// Returns the manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns the bytes of the manifest.
    pub fn manifest_text(&self) -> &[u8] {
        &self.text
    }

    /// Whether the lake keeps the digest of the manifest.
    pub fn is_anchored(&self) -> bool {
        self.anchored
    }

    /// Returns the files that are missing or have another size. Reads none of them.
    pub fn files_of_other_size(&self) -> Vec<&ManifestFile> {
        let has_its_size = |file: &&ManifestFile| {
            let found = fs::symlink_metadata(self.run.folder().join(&file.path));
            found.is_ok_and(|found| found.is_file() && found.len() == file.bytes)
        };
        self.manifest.files.iter().filter(|file| !has_its_size(file)).collect()
    }

    /// Reads every file of the run and compares it with the manifest.
    ///
    /// # Errors
    /// Returns [`Error::Changed`] if a file was changed, added or removed, and [`Error::UnknownSeal`] if the lake keeps no
    /// digest of the manifest.
    pub fn verify(&self, observer: &dyn Observer) -> anyhow::Result<()> {
        self.refuse_differences(&self.differences(observer)?)?;
        Ok(self.refuse_unknown_seal()?)
    }

    /// Refuses a run whose files differ from the manifest.
    ///
    /// # Errors
    /// Returns [`Error::Changed`] with the first difference and the number of others.
    pub fn refuse_differences(&self, differences: &[String]) -> anyhow::Result<()> {
        match differences {
            [] => Ok(()),
            [only] => Err(changed(&self.run, only.as_str())),
            [first, others @ ..] => Err(changed(&self.run, format!("{first}, and {} more", others.len()))),
        }
    }

    /// Refuses a run whose seal this lake does not know.
    ///
    /// # Errors
    /// Returns [`Error::UnknownSeal`] if the lake keeps no digest of the manifest.
    pub fn refuse_unknown_seal(&self) -> Result<(), Error> {
        match self.anchored {
            true => Ok(()),
            false => Err(Error::UnknownSeal { run: self.run.id().clone() }),
        }
    }

    /// Reads every file of the run and returns each difference from the manifest as a few words that begin with the path.
    ///
    /// # Errors
    /// Returns an error if a file or a folder cannot be read.
    pub fn differences(&self, observer: &dyn Observer) -> anyhow::Result<Vec<String>> {
        let listing = Listing::read_all(&self.run, &[])?;
        let mut missing: BTreeMap<&str, &ManifestFile> =
            self.manifest.files.iter().map(|file| (file.path.as_str(), file)).collect();
        let mut differences: Vec<String> =
            listing.irregular.iter().map(|path| format!("{path} is neither a file nor a folder")).collect();
        for path in &listing.irregular {
            missing.remove(path.as_str());
        }
        for found in listing.hashed(&self.run, observer)? {
            match missing.remove(found.path.as_str()) {
                None => differences.push(format!("{} was added", found.path)),
                Some(file) if *file != found => differences.push(format!("{} was changed", found.path)),
                Some(_) => {}
            }
        }
        differences.extend(missing.keys().map(|path| format!("{path} is missing")));
        differences.sort();
        Ok(differences)
    }

    /// Accepts the manifest of a run that was copied here, after its files were compared with it: the lake keeps its digest
    /// from now on. A digest that the lake keeps already is not replaced.
    ///
    /// # Errors
    /// Returns [`Error::Changed`] if the manifest was changed since it was read.
    pub fn accept(&mut self, locked: &LockedLake) -> anyhow::Result<()> {
        // Before the lock was taken the run may have been pruned, or another manifest accepted.
        let now = SealedRun::open(&locked.lake().run(self.run.id())?)?;
        if now.text != self.text {
            return Err(changed(&self.run, "its manifest was changed while its files were read"));
        }
        if !now.anchored {
            self.run.write_anchor(&self.text)?;
        }
        self.anchored = true;
        Ok(())
    }
}
