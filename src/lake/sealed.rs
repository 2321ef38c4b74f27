use std::collections::BTreeMap;
use std::fs;

use anyhow::Context;

use super::dataset::is_plain_name;
use super::disk::digest::sha256_of_bytes;
use super::listing::Listing;
use super::manifest::{Manifest, ManifestFile, changed};
use super::{LockedLake, Run};
use digdag_task::{Failure, Observer};

/// A run whose manifest is there, says of itself that it is intact, and is the one that was written when it was sealed.
#[derive(Clone, Debug)]
pub struct SealedRun {
    pub(super) run: Run,
    pub(super) manifest: Manifest,
    /// The manifest as it is on the disk.
    pub(super) text: Vec<u8>,
    /// Whether the lake knows the digest that the manifest should have.
    pub(super) anchored: bool,
}

impl SealedRun {
    pub fn open(run: &Run) -> anyhow::Result<Self> {
        let path = run.manifest_file();
        run.lake().refuse_links(&path)?;
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Failure::parameters(format!("run {} is not sealed", run.id()))
                    .hint("sanity-check seals a run that passes; run it first")
                    .into());
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let manifest: Manifest = serde_json::from_slice(&text)
            .map_err(|error| changed(run, &format!("{} is not a manifest: {error}", Manifest::FILE_NAME)))?;
        if manifest.run_id != *run.id() {
            return Err(changed(run, &format!("its manifest is that of run {}", manifest.run_id)));
        }
        if manifest.digest()? != manifest.manifest_sha256 {
            return Err(changed(run, "its manifest was edited"));
        }
        let anchor = run.anchor()?;
        if anchor.as_ref().is_some_and(|anchor| *anchor != sha256_of_bytes(&text)) {
            return Err(changed(run, "its manifest is not the one that was written when it was sealed"));
        }
        if let Some(file) = manifest.files.iter().find(|file| !file.path.split('/').all(is_plain_name)) {
            return Err(changed(run, &format!("its manifest names {:?}, which is outside of it", file.path)));
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

    pub fn run(&self) -> &Run {
        &self.run
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Whether the lake knows the digest that the manifest should have.
    pub fn is_anchored(&self) -> bool {
        self.anchored
    }

    /// The files that are missing or have another size, without reading any.
    pub fn misfits(&self) -> Vec<&ManifestFile> {
        let fits = |file: &&ManifestFile| {
            let found = fs::symlink_metadata(self.run.folder().join(&file.path));
            found.is_ok_and(|found| found.is_file() && found.len() == file.bytes)
        };
        self.manifest.files.iter().filter(|file| !fits(file)).collect()
    }

    /// Reads every file of the run and holds it to the manifest: nothing changed, added or removed, and the manifest is
    /// the one of the seal.
    pub fn verify(&self, observer: &dyn Observer) -> anyhow::Result<()> {
        self.hold_to(&self.differences(observer)?)?;
        self.refuse_unknown_seal()
    }

    /// Refuses a run whose files differ from the manifest.
    pub fn hold_to(&self, differences: &[String]) -> anyhow::Result<()> {
        match differences {
            [] => Ok(()),
            [only] => Err(changed(&self.run, only)),
            [first, others @ ..] => Err(changed(&self.run, &format!("{first}, and {} more", others.len()))),
        }
    }

    /// Refuses a run whose seal this lake does not know.
    pub fn refuse_unknown_seal(&self) -> anyhow::Result<()> {
        if self.anchored {
            return Ok(());
        }
        let id = self.run.id();
        Err(Failure::input(format!("run {id} agrees with its manifest, but this lake does not know its seal"))
            .hint(format!(
                "if it was copied here from a lake you trust, run verify-run --run-id {id} --accept-seal, then try again"
            ))
            .into())
    }

    /// Everything in which the run's files differ from the manifest, each as a few words that begin with its path. Reads
    /// every file.
    pub fn differences(&self, observer: &dyn Observer) -> anyhow::Result<Vec<String>> {
        let listing = Listing::read_all(&self.run, &[])?;
        let mut missing: BTreeMap<&str, &ManifestFile> =
            self.manifest.files.iter().map(|file| (file.path.as_str(), file)).collect();
        let mut differences: Vec<String> =
            listing.strangers.iter().map(|path| format!("{path} is neither a file nor a folder")).collect();
        for path in &listing.strangers {
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

    /// Takes the manifest, with which the files were seen to agree, for the one of the seal, if the lake knows no other:
    /// for a run that was copied here.
    pub fn accept(&mut self, locked: &LockedLake) -> anyhow::Result<()> {
        // Before the lock the run may have been pruned, or another manifest accepted.
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
