//! The history: what is known of the runs, their figures, what changed between two, and what they share on the disk.

mod diff;
mod figures;
mod lake;
mod months;
mod registry;
mod sharing;
mod workflow;
