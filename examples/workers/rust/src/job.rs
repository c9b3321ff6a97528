use crate::Lease;
use serde_json::{json, Value};
use std::{thread, time::Duration};

pub enum JobError {
    /// The process stops, the task is cancelled, or the lease is lost.
    Stopped,
    /// Not retryable when another attempt would fail the same way.
    Failed { code: String, message: String, retryable: bool },
}

impl JobError {
    pub fn failed(code: &str, message: impl Into<String>, retryable: bool) -> Self {
        JobError::Failed { code: code.into(), message: message.into(), retryable }
    }
}

type Handler = fn(Value, &Lease) -> Result<Value, JobError>;

pub const ALL_TYPES: [&str; 1] = ["demo.sum"];

/// What does the work of a type.
pub fn handler_of(kind: &str) -> Option<Handler> {
    match kind {
        "demo.sum" => Some(demo_sum),
        _ => None,
    }
}

/// The demo job, the same in all languages: see examples/workers/README.md.
fn demo_sum(mut input: Value, lease: &Lease) -> Result<Value, JobError> {
    let numbers = match input["numbers"].take() {
        Value::Array(numbers) if numbers.iter().all(Value::is_number) => numbers,
        _ => return Err(JobError::failed("bad_input", "input.numbers must be a list of numbers", false)),
    };
    let steps = (input["sleepSeconds"].as_f64().unwrap_or(0.0) * 10.0) as u64;
    for step in 0..steps {
        lease.report(100 * step / steps, format!("step {} of {}", step, steps))?;
        thread::sleep(Duration::from_millis(100));
    }
    if let Some(code) = input["failWith"].as_str() {
        return Err(JobError::failed(code, "as the input asked for", input["failPermanently"] != true));
    }
    let sum = match numbers.iter().map(Value::as_i64).sum::<Option<i64>>() {
        Some(sum) => json!(sum),
        None => json!(numbers.iter().filter_map(Value::as_f64).sum::<f64>()),
    };
    Ok(json!({ "sum": sum, "language": "rust", "echo": input["echo"].take() }))
}
