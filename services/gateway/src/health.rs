use lifecycle::Shutdown;
use web::{Check, Health};

use crate::app::App;

impl App {
    /// What readiness looks at, and what is only reported.
    pub(crate) fn health(&self, shutdown: &Shutdown) -> Health {
        let (store, blob, bus, limiter, load) = (
            self.store.clone(),
            self.blob.clone(),
            self.bus.clone(),
            self.limiter.clone(),
            self.pool_load.clone(),
        );
        Health {
            service: "optimagio-api",
            readiness: shutdown.readiness().clone(),
            checks: vec![
                Check::critical("database", move || {
                    let store = store.clone();
                    async move { store.ping().await.is_ok() }
                }),
                Check::critical("worker_pool", move || {
                    let load = load.clone();
                    async move { !load.is_high() }
                }),
                Check::reported("storage", move || {
                    let blob = blob.clone();
                    async move { blob.ping().await.is_ok() }
                }),
                Check::reported("queue", move || {
                    let bus = bus.clone();
                    async move { bus.is_connected() }
                }),
                Check::reported("limiter", move || {
                    let limiter = limiter.clone();
                    async move { limiter.ping().await.is_ok() }
                }),
            ],
        }
    }
}
