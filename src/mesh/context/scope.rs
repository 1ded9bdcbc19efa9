use crate::mesh::Context;
use pin_project_lite::pin_project;
use std::cell::RefCell;
use std::mem;
use std::pin::Pin;
use std::task::{self, Poll};

thread_local! {
    /// The context of what this thread is polling.
    static CURRENT: RefCell<Context> = const { RefCell::new(Context::NONE) };
}

pin_project! {
    /// A future in the scope of a context: what [`Context::scope`] makes.
    #[derive(Debug)]
    pub struct Scope<F> {
        #[pin]
        future: F,
        // While the future is polled this is the scope around it.
        context: Context,
    }
}

impl<F> Scope<F> {
    pub(super) fn new(context: Context, future: F) -> Self {
        Self { future, context }
    }
}

impl<F: Future> Future for Scope<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        enter(this.context, || this.future.poll(cx))
    }
}

/// Does something in the scope of a context.
///
/// It is left when `body` panics, too: the thread goes on to other requests.
pub(in crate::mesh) fn enter<R>(context: &mut Context, body: impl FnOnce() -> R) -> R {
    struct Entered<'a>(&'a mut Context);

    impl Drop for Entered<'_> {
        fn drop(&mut self) {
            swap(self.0);
        }
    }

    swap(context);
    let _entered = Entered(context);
    body()
}

/// Looks at the context of the scope; `None` when the thread is ending.
pub(super) fn with<R>(look: impl FnOnce(&Context) -> R) -> Option<R> {
    CURRENT.try_with(|current| look(&current.borrow())).ok()
}

fn swap(context: &mut Context) {
    // Fails when the thread is ending, and then on the way in and out alike.
    let _ = CURRENT.try_with(|current| mem::swap(&mut *current.borrow_mut(), context));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::pin::pin;
    use std::task::Waker;

    fn from(last: u8) -> Context {
        Context {
            source: Some(IpAddr::from([10, 0, 0, last])),
            carried: None,
        }
    }

    fn current() -> Option<IpAddr> {
        Context::current().source()
    }

    /// Is not ready at the first poll.
    async fn turn() {
        let mut waited = false;
        std::future::poll_fn(|_| match mem::replace(&mut waited, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }

    #[test]
    fn a_scope_is_open_while_its_future_is_polled() {
        let mut cx = task::Context::from_waker(Waker::noop());
        let look = |last| {
            from(last).scope(async move {
                let before = current();
                turn().await;
                (before, current())
            })
        };
        let (mut one, mut two) = (pin!(look(1)), pin!(look(2)));
        assert!(one.as_mut().poll(&mut cx).is_pending());
        assert_eq!(current(), None);
        assert!(two.as_mut().poll(&mut cx).is_pending());
        let seen = |last| Poll::Ready((from(last).source(), from(last).source()));
        assert_eq!(one.poll(&mut cx), seen(1));
        assert_eq!(two.poll(&mut cx), seen(2));
        assert_eq!(current(), None);
    }

    #[test]
    fn a_scope_hides_the_one_around_it() {
        let mut cx = task::Context::from_waker(Waker::noop());
        let inner = Context::default().scope(async { current() });
        let outer = pin!(from(1).scope(async { (current(), inner.await, current()) }));
        let seen = (from(1).source(), None, from(1).source());
        assert_eq!(outer.poll(&mut cx), Poll::Ready(seen));
    }

    #[test]
    fn a_panic_leaves_the_scope() {
        let mut cx = task::Context::from_waker(Waker::noop());
        let mut failing = pin!(from(1).scope(async { panic!("on purpose") }));
        let polled = catch_unwind(AssertUnwindSafe(|| failing.as_mut().poll(&mut cx)));
        assert!(polled.is_err());
        assert_eq!(current(), None);
    }
}
