//! Tasks that go on for as long as the server does, each by its name: one that ends by itself is missed.

use std::collections::HashMap;
use std::future::Future;

use tokio::task::{Id, JoinSet};

/// The tasks. Dropped, they end where they wait.
#[derive(Default)]
pub(crate) struct WatchedTasks {
    tasks: JoinSet<()>,
    names: HashMap<Id, &'static str>,
}

impl WatchedTasks {
    /// Starts one on the runtime of the caller.
    pub(crate) fn spawn(
        &mut self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        self.names.insert(self.tasks.spawn(task).id(), name);
    }

    /// Waits until one of them ends, which none does unless it is told to, or panics. Gives its name.
    pub(crate) async fn lost(&mut self) -> &'static str {
        let id = match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            Some(Err(error)) => error.id(),
            None => std::future::pending().await,
        };
        self.names.get(&id).copied().unwrap_or("a task")
    }

    /// Waits until all have ended.
    pub(crate) async fn ended(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_or_ends_is_missed_by_its_name() {
        let mut tasks = WatchedTasks::default();
        tasks.spawn("goes on", std::future::pending());
        tasks.spawn("panics", async { panic!("a mistake of ours") });
        assert_eq!(tasks.lost().await, "panics");
        tasks.spawn("ends", async {});
        assert_eq!(tasks.lost().await, "ends");
    }
}
