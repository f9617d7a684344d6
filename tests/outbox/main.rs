//! The outbox against the sandbox: every row of a ledger ends in the state
//! that the Bot API's answers call for, and each chat gets one message.

mod crash;
mod delivery;
mod recovery;
mod support;
mod trouble;
