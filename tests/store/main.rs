//! The store: one contract for both engines, crashes, profiles, the writer.

mod contract;
mod crash;
mod folder;
mod profiles;
mod writer;
