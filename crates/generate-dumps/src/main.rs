//! Digdag task `generate-dumps`: writes invented dumps of a month, in the layout of the real ones.

use std::process::ExitCode;

use digdag_task::{Amount, Call, Observer};
use generate_dumps::{PROJECT, Parameters};

fn main() -> ExitCode {
    PROJECT.main(|parameters: Parameters, call: &mut Call| {
        let plan = parameters.plan();
        let progress = call.begin(Amount::bytes(plan.estimated_xml_bytes()));
        let mut done = 0;
        let written = generate_dumps::write_month(&plan, &mut |entity, bytes| {
            done += bytes;
            progress.advance_to(done, &|| format!("{} MB of XML, now {}", done / 1_000_000, entity.name()));
        })?;
        drop(progress);
        if written.unchanged {
            call.already_done();
        }
        call.set_detail("folder", written.folder.display().to_string());
        call.set_detail("files", serde_json::to_value(&written.files)?);
        Ok(())
    })
}
