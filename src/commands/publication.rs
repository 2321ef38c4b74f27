//! Moves `active.json` in the warehouse and `active` in the lake together.

use super::failure_of;
use crate::lake::{Lake, Previous, SealedRun};
use crate::store::{Pointer, RemoteLake, WarehouseArgs};
use crate::tables::iceberg::Publication;
use digdag_task::Call;

/// The warehouse of a publication, with its pointer as it was before.
pub(super) struct Warehouse {
    remote: RemoteLake,
    pointer: Pointer,
}

impl Warehouse {
    /// Opens the warehouse and reads its pointer; returns `None` if none is set and the lake has none on record. Called under
    /// the lake's lock.
    pub fn open(lake: &Lake, parameters: &WarehouseArgs, call: &mut Call) -> anyhow::Result<Option<Self>> {
        let Some(remote) = parameters.of(lake)?.open(1, call.observer())? else { return Ok(None) };
        let pointer = remote.pointer()?;
        call.set_detail("warehouse", remote.address().to_string());
        let named = pointer.active().map(|active| active.run_id.to_string());
        call.set_detail("active_json_before", named);
        Ok(Some(Warehouse { remote, pointer }))
    }

    /// Requires the run to be whole in the warehouse, to show what a publication would do.
    pub fn require_whole(&self, sealed: &SealedRun) -> anyhow::Result<()> {
        self.remote.whole_manifest(sealed.run().id()).map(drop)
    }

    /// Moves `active.json` to the run that `active` points at already. Returns whether it moved.
    pub fn follow(&self, sealed: &SealedRun) -> anyhow::Result<bool> {
        let (id, digest) = (sealed.run().id(), &sealed.manifest().manifest_sha256);
        Ok(self.remote.publish(&self.pointer, id, digest)?.is_some())
    }
}

/// Publishes a run in the warehouse, if there is one, and in the lake. The warehouse comes first, because another task may
/// have moved its pointer, and then nothing moves here either. If the lake refuses afterwards, the pointer is put back.
pub(super) fn switch_to(
    warehouse: Option<&Warehouse>,
    publication: &mut Publication,
    sealed: &SealedRun,
    previous: Option<&Previous>,
    call: &Call,
) -> anyhow::Result<()> {
    let Some(Warehouse { remote, pointer }) = warehouse else { return publication.switch_to(sealed, previous) };
    let moved = remote.publish(pointer, sealed.run().id(), &sealed.manifest().manifest_sha256)?;
    let switched = publication.switch_to(sealed, previous);
    if let (Err(_), Some(moved)) = (&switched, &moved) {
        let lake = publication.locked().lake();
        // An intent that was left says that the catalog may have moved; the next task completes the publication.
        let is_completed_later =
            lake.meta_file(Lake::PUBLICATION).exists() || lake.active()?.as_ref() == Some(sealed.run().id());
        if !is_completed_later && let Err(error) = remote.put_back(moved) {
            let place = remote.address();
            call.say(format_args!("active.json in {place} could not be put back: {}", failure_of(&error)));
        }
    }
    switched
}
