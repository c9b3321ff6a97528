//! A Tandem worker in Rust 1.63 or later.
//!
//!     TANDEM_URL=http://localhost:3000 TANDEM_API_KEY=tdm_… cargo run --release -- demo.sum
//!
//! The protocol is explained in docs/worker-protocol.md; the work itself is in job.rs.

mod job;

use job::{handler_of, JobError, ALL_TYPES};
use serde_json::{json, Value};
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::SeqCst};
use std::sync::{mpsc, Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, process, thread};

const WAIT_SECONDS: u64 = 20;
/// How long a stopping worker tries to tell the service: supervisors kill after 10 s, as a rule.
const TIME_TO_STOP: Duration = Duration::from_secs(5);

struct Answer {
    /// 0 when nobody knows whether the call has arrived.
    status: u16,
    body: Value,
    retry_after: u64,
    repeated: bool,
}

impl Answer {
    fn is_final(&self) -> bool {
        self.status != 0 && self.status != 429 && self.status < 500
    }

    fn detail(&self) -> &str {
        self.body["detail"].as_str().unwrap_or("")
    }
}

pub struct Service {
    agent: ureq::Agent,
    url: String,
    key: String,
    lease_seconds: u64,
    worker_id: String,
    stopping: Arc<AtomicBool>,
}

impl Service {
    fn stopping(&self) -> bool {
        self.stopping.load(SeqCst)
    }

    fn post(&self, path: &str, body: &Value, seconds: u64) -> Answer {
        let lost = |why: String| Answer { status: 0, body: json!({ "detail": why }), retry_after: 0, repeated: false };
        let request = self
            .agent
            .post(&format!("{}{}", self.url, path))
            .timeout(Duration::from_secs(seconds))
            .set("Authorization", &format!("Bearer {}", self.key))
            .set("Content-Type", "application/json");
        let response = match request.send_string(&body.to_string()) {
            Ok(response) | Err(ureq::Error::Status(_, response)) => response,
            Err(ureq::Error::Transport(error)) => return lost(error.to_string()),
        };
        let status = response.status();
        let retry_after = response.header("retry-after").and_then(|text| text.parse().ok()).unwrap_or(0);
        let text = match response.into_string() {
            Ok(text) => text,
            Err(error) => return lost(error.to_string()),
        };
        match serde_json::from_str(&text) {
            Ok(body) => Answer { status, body, retry_after, repeated: false },
            Err(error) if status < 400 => lost(error.to_string()),
            Err(_) => Answer { status, body: json!({ "detail": text }), retry_after, repeated: false },
        }
    }

    /// Repeats the same call until it is answered; every call to the service is safe to repeat as it is.
    /// None when the process stops before that.
    fn post_patiently(&self, path: &str, body: &Value, seconds: u64) -> Option<Answer> {
        let mut give_up: Option<Instant> = None;
        for tries in 1.. {
            let mut answer = self.post(path, body, seconds);
            if answer.is_final() {
                answer.repeated = tries > 1;
                return Some(answer);
            }
            eprintln!("{} {} {}", path, answer.status, answer.detail());
            if self.stopping() {
                if Instant::now() > *give_up.get_or_insert(Instant::now() + TIME_TO_STOP) {
                    return None;
                }
                thread::sleep(Duration::from_millis(500));
                continue;
            }
            let backoff = (250u64 << tries.min(7)).min(30_000);
            let backoff = backoff / 2 + random() % (backoff / 2);
            let wake = Instant::now() + Duration::from_millis(backoff.max(answer.retry_after * 1_000));
            while Instant::now() < wake && !self.stopping() {
                thread::sleep(Duration::from_millis(50));
            }
        }
        None
    }
}

/// Waits for a task; None when there was none or the process stops.
fn claim(service: &Arc<Service>, types: &[String]) -> Option<(Value, bool)> {
    let claim_id = format!("{:016x}{:016x}", random(), random());
    let body = json!({
        "types": types, "workerId": service.worker_id, "max": 1, "leaseSeconds": service.lease_seconds,
        "waitSeconds": WAIT_SECONDS, "claimId": claim_id,
    });
    let (sender, answers) = mpsc::channel();
    let asking = service.clone();
    thread::spawn(move || sender.send(asking.post_patiently("/claim", &body, WAIT_SECONDS + 10)));
    while !service.stopping() {
        let mut answer = match answers.recv_timeout(Duration::from_millis(50)) {
            Ok(answer) => answer?,
            Err(_) => continue,
        };
        if answer.status != 200 {
            fatal(&format!("cannot claim: {} {} {}", answer.status, answer.body["code"], answer.detail()));
        }
        let task = answer.body["tasks"][0].take();
        return if task.is_null() { None } else { Some((task, answer.repeated)) };
    }
    // The service still waits, and would lease a task to nobody.
    service.post_patiently("/claim/abandon", &json!({ "claimId": claim_id }), 5);
    None
}

const WORKING: u8 = 0;
const CANCELLED: u8 = 1;
const LOST: u8 = 2;

/// A task that is held, while a thread renews its lease.
pub struct Lease {
    service: Arc<Service>,
    path: String,
    token: Value,
    progress: Mutex<Option<Value>>,
    state: AtomicU8,
}

impl Lease {
    /// Kept for the next heartbeat. An error says that the work is to end now; call it often.
    pub fn report(&self, percent: u64, message: String) -> Result<(), JobError> {
        *self.progress.lock().unwrap() = Some(json!({ "percent": percent, "message": message }));
        if self.service.stopping() || self.state.load(SeqCst) != WORKING {
            return Err(JobError::Stopped);
        }
        Ok(())
    }

    /// Until the work ends (the other side of `ended` is dropped) or the service says that it has to.
    fn renew(&self, renew_first: bool, ended: mpsc::Receiver<()>) {
        let duration = Duration::from_secs(self.service.lease_seconds);
        let timeout = (self.service.lease_seconds / 3).max(3);
        let mut renewed = Instant::now();
        let mut pause = if renew_first { Duration::ZERO } else { duration / 3 };
        loop {
            if ended.recv_timeout(pause) == Err(mpsc::RecvTimeoutError::Disconnected) {
                return;
            }
            // A third of the lease leaves time to repeat a heartbeat that failed, and that is done soon.
            pause = duration / 3;
            let sent = Instant::now();
            let mut body = json!({ "leaseToken": self.token, "leaseSeconds": self.service.lease_seconds });
            if let Some(progress) = &*self.progress.lock().unwrap() {
                body["progress"] = progress.clone();
            }
            let answer = self.service.post(&format!("{}/heartbeat", self.path), &body, timeout);
            if answer.status == 200 {
                renewed = sent;
                if answer.body["cancelRequested"] == true {
                    return self.state.store(CANCELLED, SeqCst);
                }
            } else if answer.is_final() || renewed.elapsed() > duration {
                return self.state.store(LOST, SeqCst);
            } else {
                pause = pause.min(Duration::from_secs(1));
            }
        }
    }
}

fn work(service: &Arc<Service>, mut task: Value, repeated: bool) {
    let kind = task["type"].as_str().unwrap_or("").to_string();
    let id = task["id"].as_str().unwrap_or("").to_string();
    eprintln!("claimed {} {} attempt {}", id, kind, task["attempt"]);
    let lease = Arc::new(Lease {
        service: service.clone(),
        path: format!("/{}", id),
        token: task["leaseToken"].take(),
        progress: Mutex::new(None),
        state: AtomicU8::new(WORKING),
    });
    let (end, ended) = mpsc::channel();
    let renewing = lease.clone();
    thread::spawn(move || renewing.renew(repeated, ended));
    let (input, held) = (task["input"].take(), lease.clone());
    // In a thread of its own, so that a panic ends the work and not the worker.
    let outcome = thread::spawn(move || match handler_of(&kind) {
        Some(handler) => handler(input, &held),
        None => Err(JobError::failed("no_handler", format!("no handler for {}", kind), false)),
    })
    .join();
    drop(end);
    if lease.state.load(SeqCst) == LOST {
        return eprintln!("lost {}", id);
    }
    match outcome {
        Ok(Ok(result)) => settle(&lease, "complete", json!({ "result": result })),
        Ok(Err(JobError::Stopped)) => settle(&lease, "release", json!({})),
        Ok(Err(JobError::Failed { code, message, retryable })) => {
            settle(&lease, "fail", json!({ "error": { "code": code, "message": message }, "retryable": retryable }))
        }
        // A bug: worth another attempt, perhaps after a new release.
        Err(_) => settle(&lease, "fail", json!({ "error": { "code": "unexpected", "message": "the work panicked" } })),
    }
}

fn settle(lease: &Lease, action: &str, mut body: Value) {
    body["leaseToken"] = lease.token.clone();
    let path = format!("{}/{}", lease.path, action);
    let answer = match lease.service.post_patiently(&path, &body, 10) {
        Some(answer) => answer,
        None => return eprintln!("no answer to {}", path),
    };
    match answer.status {
        200 => eprintln!("{} {} {}", action, lease.path, answer.body["state"]),
        401 | 403 => fatal(&format!("the key is no longer accepted: {}", answer.detail())),
        // It is the result that is refused; the lease is still ours.
        413 | 422 if action == "complete" => {
            let error = json!({ "code": "result_refused", "message": answer.detail() });
            settle(lease, "fail", json!({ "error": error, "retryable": false }))
        }
        _ => eprintln!("not accepted: {} {} {}", path, answer.status, answer.detail()),
    }
}

fn main() {
    let stopping = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, stopping.clone()).expect("signals can be handled");
    }
    let must = |name: &str| env::var(name).unwrap_or_else(|_| fatal(&format!("{} is not set", name)));
    let mut types: Vec<String> = env::args().skip(1).collect();
    if types.is_empty() {
        types = ALL_TYPES.iter().map(|name| name.to_string()).collect();
    }
    if let Some(unknown) = types.iter().find(|name| handler_of(name).is_none()) {
        fatal(&format!("no handler for {}", unknown));
    }
    let service = Arc::new(Service {
        agent: ureq::Agent::new(),
        url: format!("{}/api/v1/tasks", must("TANDEM_URL").trim_end_matches('/')),
        key: must("TANDEM_API_KEY"),
        lease_seconds: env::var("TANDEM_LEASE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(30),
        worker_id: format!("rust-{}-{}", env::var("HOSTNAME").unwrap_or_else(|_| "host".into()), process::id()),
        stopping,
    });
    eprintln!("{} works on {}", service.worker_id, types.join(" "));
    while !service.stopping() {
        if let Some((task, repeated)) = claim(&service, &types) {
            work(&service, task, repeated);
        }
    }
}

fn fatal(message: &str) -> ! {
    eprintln!("{}", message);
    process::exit(1)
}

/// 64 random bits: the standard library seeds every hasher from the system.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
