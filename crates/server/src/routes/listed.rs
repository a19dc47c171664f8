//! Routes that can be asked what they are: the router and whoever must know every address have one list.

use crate::app::App;
use axum::Router;
use axum::routing::MethodRouter;
use std::sync::Arc;

/// A router with the list of its addresses.
pub(super) struct Routes {
    router: Router<Arc<App>>,
    addresses: Vec<&'static str>,
}

impl Routes {
    /// None yet.
    pub(super) fn new() -> Routes {
        Routes {
            router: Router::new(),
            addresses: Vec::new(),
        }
    }

    /// With one address more.
    pub(super) fn route(mut self, address: &'static str, methods: MethodRouter<Arc<App>>) -> Routes {
        self.router = self.router.route(address, methods);
        if !self.addresses.contains(&address) {
            self.addresses.push(address);
        }
        self
    }

    /// With those of another.
    pub(super) fn merge(mut self, other: Routes) -> Routes {
        self.router = self.router.merge(other.router);
        for address in other.addresses {
            if !self.addresses.contains(&address) {
                self.addresses.push(address);
            }
        }
        self
    }

    /// The router.
    pub(super) fn router(self) -> Router<Arc<App>> {
        self.router
    }

    /// The addresses, in the order of the code.
    pub(super) fn addresses(&self) -> &[&'static str] {
        &self.addresses
    }
}
