//! What becomes of a request, said as a value: `Plan::decide`, and what reading questions and writing
//! answers as JSON costs beside it. `common/policies.rs` says what the policies are.
#![allow(missing_docs)]

mod common;

use common::Round;
use common::policies::Asking;
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use tower_mesh::explain::{Answer, Question};

fn decide(asking: &Asking) -> impl FnMut() {
    let mut requests = Round::new(&asking.requests, 0);
    move || {
        black_box(asking.plan.decide(requests.step()));
    }
}

fn answer(asking: &Asking) -> impl FnMut() {
    let mut questions = Round::new(&asking.questions, 0);
    move || {
        black_box(asking.plan.answer(questions.step())).unwrap();
    }
}

fn read(lines: &[String]) -> impl FnMut() {
    let mut lines = Round::new(lines, 0);
    move || {
        let line = lines.step().as_bytes();
        black_box(serde_json::from_slice::<Question>(line)).unwrap();
    }
}

fn write(answers: &[Answer]) -> impl FnMut() {
    let mut answers = Round::new(answers, 0);
    let mut out = Vec::new();
    move || {
        out.clear();
        serde_json::to_writer(&mut out, answers.step()).unwrap();
        black_box(&out);
    }
}

/// As the command does it with each line.
fn line(asking: &Asking, lines: &[String]) -> impl FnMut() {
    let mut lines = Round::new(lines, 0);
    let mut out = Vec::new();
    move || {
        out.clear();
        let question: Question = serde_json::from_slice(lines.step().as_bytes()).unwrap();
        let answer = asking.plan.answer(&question).unwrap();
        serde_json::to_writer(&mut out, &answer).unwrap();
        black_box(&out);
    }
}

fn decisions(c: &mut Criterion) {
    let mut group = c.benchmark_group("decide");
    for rules in [10, 1_000] {
        let asking = Asking::of(rules);
        let lines = asking.lines();
        let answers = asking.answers();
        group.bench_function(format!("request/{rules}"), |b| {
            common::bench(b, decide(&asking));
        });
        group.bench_function(format!("question/{rules}"), |b| {
            common::bench(b, answer(&asking));
        });
        group.bench_function(format!("read JSON/{rules}"), |b| {
            common::bench(b, read(&lines));
        });
        group.bench_function(format!("write JSON/{rules}"), |b| {
            common::bench(b, write(&answers));
        });
        group.bench_function(format!("line to line/{rules}"), |b| {
            common::bench(b, line(&asking, &lines));
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = common::criterion(); targets = decisions }
criterion_main!(benches);
