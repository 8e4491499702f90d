//! Many recorders in one process: a few worker threads for all of them, one commit for all of them.

use crate::ffi;
use crate::ffi::handle::HubHandle;
use crate::time::milliseconds;
use crate::{Result, Vault};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How a hub works. Zero means the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HubConfig {
    /// Threads, 1 to 64; one for each processor, but at most four.
    pub workers: u32,
    /// Room for so many recorders at the same time, 1 to 256; 64.
    pub recorders_max: u32,
    /// How often sources are looked at, 5 to 50 ms; 20 ms.
    pub tick: Duration,
}

/// Worker threads that drive many recorders of one vault. Any threads may use it at the same time.
///
/// A clone is the same hub. It is closed when the last clone is dropped and the last recorder that was started
/// in it has stopped.
#[derive(Clone)]
pub struct Hub(pub(crate) Arc<HubHandle>);

impl Hub {
    /// Makes a hub and starts its workers. It keeps the vault open.
    pub fn open(vault: &Vault) -> Result<Hub> {
        Hub::open_with(vault, HubConfig::default())
    }

    /// The same with a configuration.
    pub fn open_with(vault: &Vault, config: HubConfig) -> Result<Hub> {
        ffi::recorder::hub_open(&vault.0, config.workers, config.recorders_max, milliseconds(config.tick))
            .map(|handle| Hub(Arc::new(handle)))
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hub(..)")
    }
}
