use crate::balance::service::Set;
use crate::balance::{Balance, MakeEndpoint, Turns};
use crate::event::Sink;
use crate::live::Live;
use crate::policy::{self, Protocol};
use crate::rng::Rng;
use std::sync::Arc;
use tower_layer::Layer;

/// Sends each request to one of several endpoints. Beneath it stands what makes endpoints of
/// addresses.
#[derive(Clone, Debug)]
pub struct BalanceLayer {
    pub(super) balance: policy::Balance,
    pub(super) protocol: Protocol,
    pub(super) turns: Arc<Turns>,
    pub(super) rng: Rng,
    pub(super) sink: Sink,
    endpoints: Arc<[(policy::Endpoint, Arc<crate::balance::Load>)]>,
}

impl BalanceLayer {
    /// Balances over these endpoints.
    pub fn new(
        balance: policy::Balance,
        endpoints: impl IntoIterator<Item = policy::Endpoint>,
    ) -> Self {
        let endpoints: Vec<_> = endpoints.into_iter().collect();
        let among = endpoints.len();
        let rng = Rng::default();
        Self {
            balance,
            protocol: Protocol::default(),
            turns: Arc::new(Turns::new(&rng)),
            endpoints: endpoints
                .into_iter()
                .map(|endpoint| (endpoint, Arc::new(crate::balance::Load::new(among))))
                .collect(),
            rng,
            sink: Sink::default(),
        }
    }

    /// What the endpoints speak. Default HTTP/1.1.
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// Draws from this source instead of the operating system's.
    #[must_use]
    pub fn rng(mut self, rng: Rng) -> Self {
        self.turns = Arc::new(Turns::new(&rng));
        self.rng = rng;
        self
    }

    /// How many requests are under way at the endpoints that the layer was made with, through all
    /// services that it made.
    pub fn in_flight(&self) -> u64 {
        self.endpoints.iter().map(|(_, load)| load.count()).sum()
    }

    /// Tells every local reply to this listener.
    #[must_use]
    pub fn events(mut self, sink: Sink) -> Self {
        self.sink = sink;
        self
    }
}

/// The endpoints are made anew for each service that is made; what is counted of them is shared
/// by all.
impl<M: MakeEndpoint> Layer<M> for BalanceLayer {
    type Service = Balance<M>;

    fn layer(&self, maker: M) -> Balance<M> {
        let set = Set::new(self, &maker, self.endpoints.iter().cloned(), None);
        Balance::new(self.clone(), maker, Live::new(set))
    }
}
