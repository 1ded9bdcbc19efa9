use crate::policy::Errors;
use crate::policy::trail::Trail;
use crate::testing::law::exception::{Exception, Ignored};
use crate::testing::law::generated::{Generated, good};
use crate::testing::law::{Agreement, Bounds, Claim, Law, Verdict};
use crate::testing::{Subject, Target};
use std::fmt;
use std::ops::RangeInclusive;

/// What is to hold of them.
impl Generated<'_> {
    /// Each has a destination: [`Claim::Forwards`].
    ///
    /// ```
    /// # #[cfg(feature = "yaml")] {
    /// # let mesh = tower_mesh::testing::Subject::load("examples/mesh.yaml").unwrap();
    /// mesh.requests().have_a_destination();
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If the law does not hold or is vacuous, or if it does not fit the policy.
    #[track_caller]
    pub fn have_a_destination(self) {
        self.hold(Claim::Forwards);
    }

    /// None is forwarded to a service: [`Claim::NeverForwards`].
    ///
    /// ```
    /// # #[cfg(feature = "yaml")] {
    /// # let policy = "
    /// # routes:
    /// #   - name: old
    /// #     hosts: [old.example.com]
    /// #     rules: [{ redirect: { host: new.example.com } }]
    /// # ";
    /// # let mesh = tower_mesh::testing::Subject::new(&policy.parse().unwrap()).unwrap();
    /// mesh.requests().with_host("old.example.com").are_never_forwarded();
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// As [`have_a_destination`](Self::have_a_destination).
    #[track_caller]
    pub fn are_never_forwarded(self) {
        self.hold(Claim::NeverForwards);
    }

    /// Each is forwarded, redirected or answered by a rule: [`Claim::Answered`].
    ///
    /// ```
    /// # #[cfg(feature = "yaml")] {
    /// # let policy = "
    /// # routes:
    /// #   - name: old
    /// #     hosts: [old.example.com]
    /// #     rules: [{ redirect: { host: new.example.com } }]
    /// # ";
    /// # let mesh = tower_mesh::testing::Subject::new(&policy.parse().unwrap()).unwrap();
    /// mesh.requests().are_answered();
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// As [`have_a_destination`](Self::have_a_destination).
    #[track_caller]
    pub fn are_answered(self) {
        self.hold(Claim::Answered);
    }

    /// They reach nothing but these targets: [`Claim::Only`].
    ///
    /// ```
    /// # #[cfg(feature = "yaml")] {
    /// # let mesh = tower_mesh::testing::Subject::load("examples/mesh.yaml").unwrap();
    /// mesh.requests().with_header("x-beta", "1").only_reach(["reviews/v2"]);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// As [`have_a_destination`](Self::have_a_destination), and if one is no [`Target`].
    #[track_caller]
    pub fn only_reach<T>(self, targets: impl IntoIterator<Item = T>)
    where
        T: TryInto<Target, Error: fmt::Display>,
    {
        let targets = parsed(targets);
        self.hold(Claim::Only(targets));
    }

    /// Neither they nor copies of them reach any of these targets: [`Claim::Never`].
    ///
    /// ```
    /// # #[cfg(feature = "yaml")] {
    /// # let mesh = tower_mesh::testing::Subject::load("examples/mesh.yaml").unwrap();
    /// mesh.requests().with_header("x-beta", "1").never_reach(["reviews/v1"]);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// As [`only_reach`](Self::only_reach).
    #[track_caller]
    pub fn never_reach<T>(self, targets: impl IntoIterator<Item = T>)
    where
        T: TryInto<Target, Error: fmt::Display>,
    {
        let targets = parsed(targets);
        self.hold(Claim::Never(targets));
    }

    /// Neither they nor copies of them leave this set: [`Claim::Within`].
    ///
    /// ```
    /// # #[cfg(feature = "yaml")] {
    /// # let mesh = tower_mesh::testing::Subject::load("examples/mesh.yaml").unwrap();
    /// mesh.requests().stay_within(["reviews"]);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// As [`only_reach`](Self::only_reach).
    #[track_caller]
    pub fn stay_within<T>(self, targets: impl IntoIterator<Item = T>)
    where
        T: TryInto<Target, Error: fmt::Display>,
    {
        let targets = parsed(targets);
        self.hold(Claim::Within(targets));
    }

    /// Of those that come to the target's service, a share within these bounds, of 1, goes to the
    /// target: [`Claim::Share`].
    ///
    /// ```
    /// # #[cfg(feature = "yaml")] {
    /// # use tower_mesh::policy::{Match, ValueMatch};
    /// # let mesh = tower_mesh::testing::Subject::load("examples/mesh.yaml").unwrap();
    /// let others = Match::default().header("x-beta", ValueMatch::Absent);
    /// mesh.requests().like(others).share("reviews/v2", 0.05..=0.15);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// As [`only_reach`](Self::only_reach).
    #[track_caller]
    pub fn share<T>(self, target: T, bounds: RangeInclusive<f64>)
    where
        T: TryInto<Target, Error: fmt::Display>,
    {
        let of = good(target.try_into());
        let (from, to) = bounds.into_inner();
        self.hold(Claim::Share(Bounds { of, from, to }));
    }

    /// They fare as under this policy: [`Claim::Agrees`]. Requests are generated for both.
    ///
    /// ```
    /// # #[cfg(feature = "yaml")] {
    /// # use tower_mesh::testing::Subject;
    /// # let old = Subject::load("examples/mesh.yaml").unwrap();
    /// # let new = Subject::load("examples/mesh.yaml").unwrap();
    /// new.requests().except_if(|question| question.path == "/beta").agree_with(&old);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// As [`have_a_destination`](Self::have_a_destination).
    #[track_caller]
    pub fn agree_with(self, old: &Subject) {
        let verdict = self.compare(old);
        assert!(verdict.holds(), "{verdict}");
    }

    /// What comes of checking a law about these requests. A claim to agree with a policy reads that
    /// policy from its file.
    ///
    /// # Errors
    ///
    /// As for [`Law::check`].
    pub fn check(&self, claim: Claim) -> Result<Verdict, Errors> {
        let law = Law {
            claim,
            ..self.law.clone()
        };
        let findings = law.findings(self.subject, &Trail::default());
        if let Some(errors) = Errors::from_findings(findings) {
            return Err(errors);
        }
        let old = law.old()?;
        Ok(self.run(&law, old.as_ref()))
    }

    /// What comes of comparing how these requests fare under the old policy and this one.
    pub fn compare(&self, old: &Subject) -> Verdict {
        let law = Law {
            claim: Claim::Agrees(Agreement::default()),
            ..self.law.clone()
        };
        self.run(&law, Some(old))
    }

    fn run(&self, law: &Law, old: Option<&Subject>) -> Verdict {
        let mut exceptions: Vec<_> = { self.except.iter() }
            .map(|which| Exception::of(which, self.subject))
            .collect();
        for (index, is_one) in self.except_if.iter().enumerate() {
            let name = format!("requests by `except_if` {}", index + 1);
            exceptions.push(Exception::new(name, move |question| is_one(question)));
        }
        let mut trial = law.trial(self.subject, old, exceptions);
        if old.is_some() {
            trial
                .ignored
                .extend(self.ignore.iter().copied().map(Ignored::new));
        }
        trial.run()
    }

    #[track_caller]
    fn hold(self, claim: Claim) {
        match self.check(claim) {
            Ok(verdict) => assert!(verdict.holds(), "{verdict}"),
            Err(errors) => panic!("the law does not fit the policy:\n{errors}"),
        }
    }
}

#[track_caller]
fn parsed<T>(targets: impl IntoIterator<Item = T>) -> Vec<Target>
where
    T: TryInto<Target, Error: fmt::Display>,
{
    let targets = targets.into_iter();
    targets.map(|target| good(target.try_into())).collect()
}
