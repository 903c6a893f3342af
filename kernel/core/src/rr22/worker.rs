//! One thread a session for the long computations, so that both parties compute while messages travel. Jobs run in order.

use std::sync::mpsc::{channel, Receiver, Sender};
use std::thread::JoinHandle;

use super::Fault;

type Job = Box<dyn FnOnce() + Send>;

/// A queue and its thread. Dropping it lets the jobs that are queued finish and then ends the thread.
pub struct Worker {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// A result that is being computed.
pub struct Task<T>(Receiver<T>);

impl<T> Task<T> {
    /// Waits for the result. A job that died gives `Failed`.
    pub fn wait(self) -> Result<T, Fault> {
        self.0.recv().map_err(|_| Fault::Failed)
    }
}

impl Worker {
    pub fn start() -> Self {
        let (jobs, queue) = channel::<Job>();
        let thread = std::thread::spawn(move || {
            while let Ok(job) = queue.recv() {
                job();
            }
        });
        Self { jobs: Some(jobs), thread: Some(thread) }
    }

    /// Queues a job.
    pub fn submit<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Task<T> {
        let (done, result) = channel();
        if let Some(jobs) = &self.jobs {
            // A queue whose thread has died drops the job; the task then reports `Failed`.
            let _ = jobs.send(Box::new(move || {
                let _ = done.send(job());
            }));
        }
        Task(result)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.jobs.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_run_in_order_and_a_dead_job_is_reported() {
        let worker = Worker::start();
        let first = worker.submit(|| 1);
        let second = worker.submit(|| 2);
        assert_eq!((second.wait(), first.wait()), (Ok(2), Ok(1)));
        let quiet = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| ()));
        let dead: Task<u8> = worker.submit(|| panic!("on purpose"));
        assert_eq!(dead.wait(), Err(Fault::Failed));
        std::panic::set_hook(quiet);
        let after: Task<u8> = worker.submit(|| 3);
        assert_eq!(after.wait(), Err(Fault::Failed));
    }
}
