use crate::import::Documents;
use crate::testing::Subject;
use crate::testing::cases::Cases;
use crate::testing::coverage::Minimum;
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

/// Tests a policy in one `#[test]`: cases in files, and whatever its body asserts. All of it counts
/// towards the coverage, and at the end as much must be covered as is required.
///
/// ```
/// # mod needs_a_module {
/// tower_mesh::policy_test! {
///     fn reviews(mesh: "examples/mesh.yaml", cases: "examples/cases.yaml") {
///         let request = http::Request::get("http://ratings/").body(()).unwrap();
///         assert!(mesh.decide(&request).route.is_none());
///     }
/// }
/// # }
/// ```
///
/// The policy goes by a name of your choice, by which the body knows it as a
/// [`&Subject`](crate::testing::Subject). Behind it come, in any order, all of them optional:
///
/// - `cases:` files or folders of [cases](crate::testing::cases),
/// - `require:` how much must be covered, in percent: `{ rules: 100, matches: 90, destinations:
///   100 }`; what is not said is as the files of cases have it.
///
/// Each is a text, or several in brackets; paths are relative to the package, as in
/// `include!(concat!(env!("CARGO_MANIFEST_DIR"), …))`. The body may be empty, and attributes such as
/// `#[ignore]` are the test's.
///
/// ```
/// # mod needs_a_module {
/// tower_mesh::policy_test! {
///     /// Both files are one policy.
///     #[ignore = "takes a minute"]
///     fn everything(
///         mesh: ["examples/istio.yaml", "examples/gateway_api.yaml"],
///         cases: ["tests/cases/istio.yaml", "tests/cases/gateways"],
///         require: { rules: 100, destinations: 95.5 },
///     ) {}
/// }
/// # }
/// ```
///
/// With the feature `testing` the body is the place for properties, which the policy's own coverage
/// shows the strength of:
///
/// ```
/// # #[cfg(feature = "testing")]
/// # mod needs_a_module {
/// use proptest::{prop_assert, proptest};
/// use tower_mesh::testing::requests_for;
///
/// tower_mesh::policy_test! {
///     fn beta_users_never_see_the_old_version(mesh: "examples/mesh.yaml", require: { rules: 50 }) {
///         let beta = requests_for(mesh.policy()).with_host("reviews").with_header("x-beta", "1");
///         proptest!(|(request in beta)| {
///             prop_assert!(mesh.decide(&request).backends().all(|b| b.subset() == Some("v2")));
///         });
///     }
/// }
/// # }
/// ```
///
/// The test fails with what `tower-mesh test` would print. With the feature `testing`, and
/// `TOWER_MESH_COVERAGE` set to a folder, it writes there what `tower-mesh test --format json` would
/// print, to a file with the name of the test: `my_crate.tests.reviews.json`.
///
/// A setting that does not exist, or a policy without a path, does not compile:
///
/// ```compile_fail
/// tower_mesh::policy_test! {
///     fn reviews(mesh: "examples/mesh.yaml", case: "examples/cases.yaml") {}
/// }
/// ```
/// ```compile_fail
/// tower_mesh::policy_test! {
///     fn reviews(mesh: "examples/mesh.yaml", require: { lines: 100 }) {}
/// }
/// ```
/// ```compile_fail
/// tower_mesh::policy_test! {
///     fn reviews() {}
/// }
/// ```
#[macro_export]
macro_rules! policy_test {
    (
        $(#[$attribute:meta])*
        fn $name:ident($mesh:ident: $policy:expr $(, $($settings:tt)*)?) $body:block
    ) => {
        $crate::policy_test! {
            @set { $(#[$attribute])* fn $name($mesh: $policy) $body } [] $($($settings)*)?
        }
    };

    // Settings are taken one by one, and become calls. So what is wrong with them is told where
    // tests are not compiled, too.
    (
        @set { $(#[$attribute:meta])* fn $name:ident($mesh:ident: $policy:expr) $body:block }
        [$($calls:tt)*]
    ) => {
        $(#[$attribute])*
        #[test]
        fn $name() {
            let test = $crate::testing::PolicyTest::new(
                ::core::concat!(::core::module_path!(), "::", ::core::stringify!($name)),
                ::core::env!("CARGO_MANIFEST_DIR"),
            );
            let test = test.policy($policy)$($calls)*;
            // A test of cases alone has an empty body.
            #[allow(unused_variables)]
            test.run(|$mesh: &$crate::testing::Subject| $body);
        }
    };
    (@set $test:tt [$($calls:tt)*] cases: $cases:expr $(, $($rest:tt)*)?) => {
        $crate::policy_test! { @set $test [$($calls)* .cases($cases)] $($($rest)*)? }
    };
    (@set $test:tt [$($calls:tt)*] require: { $($minimum:tt)* } $(, $($rest:tt)*)?) => {
        $crate::policy_test! {
            @require $test [$($calls)*] [$($($rest)*)?]
            [$crate::testing::coverage::Minimum::none()] $($minimum)*
        }
    };
    (@set $test:tt $calls:tt require: $($rest:tt)*) => {
        ::core::compile_error!("write percentages: `require: { rules: 100, matches: 90 }`");
    };
    (@set $test:tt $calls:tt cases: $($rest:tt)*) => {
        ::core::compile_error!("write paths, and a comma behind them: `cases: \"cases.yaml\",`");
    };
    (@set $test:tt $calls:tt $setting:ident $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "a policy test has no `", ::core::stringify!($setting),
            "`; there are `cases: \"cases.yaml\"` and `require: { rules: 100 }`"
        ));
    };
    (@set $($rest:tt)*) => {
        ::core::compile_error!(
            "write settings behind the policy: `cases: \"cases.yaml\", require: { rules: 100 }`"
        );
    };

    (@require $test:tt [$($calls:tt)*] [$($rest:tt)*] [$($minimum:tt)*]) => {
        $crate::policy_test! { @set $test [$($calls)* .require($($minimum)*)] $($rest)* }
    };
    (
        @require $test:tt $calls:tt $rest:tt [$($minimum:tt)*]
        rules: $percent:expr $(, $($more:tt)*)?
    ) => {
        $crate::policy_test! {
            @require $test $calls $rest [$($minimum)* .rules($percent)] $($($more)*)?
        }
    };
    (
        @require $test:tt $calls:tt $rest:tt [$($minimum:tt)*]
        matches: $percent:expr $(, $($more:tt)*)?
    ) => {
        $crate::policy_test! {
            @require $test $calls $rest [$($minimum)* .matches($percent)] $($($more)*)?
        }
    };
    (
        @require $test:tt $calls:tt $rest:tt [$($minimum:tt)*]
        destinations: $percent:expr $(, $($more:tt)*)?
    ) => {
        $crate::policy_test! {
            @require $test $calls $rest [$($minimum)* .destinations($percent)] $($($more)*)?
        }
    };
    (@require $($rest:tt)*) => {
        ::core::compile_error!(
            "`rules`, `matches` and `destinations` are counted: `require: { rules: 100 }`"
        );
    };

    ($($rest:tt)*) => {
        ::core::compile_error!(
            "write a test as `fn name(mesh: \"mesh.yaml\", cases: \"cases.yaml\") { … }`"
        );
    };
}

/// What [`policy_test!`](crate::policy_test) stands for.
#[derive(Debug)]
pub struct PolicyTest {
    name: String,
    /// What paths are relative to.
    root: PathBuf,
    policies: Vec<PathBuf>,
    cases: Vec<PathBuf>,
    required: Minimum,
}

impl PolicyTest {
    /// A test of this name, whose paths are relative to this folder.
    pub fn new(name: impl Into<String>, root: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            root: root.into(),
            policies: Vec::new(),
            cases: Vec::new(),
            required: Minimum::none(),
        }
    }

    /// Tests the policy of these files and folders.
    #[must_use]
    pub fn policy(mut self, paths: impl Paths) -> Self {
        self.policies.extend(paths.into_paths());
        self
    }

    /// Asks the cases of these files and folders.
    #[must_use]
    pub fn cases(mut self, paths: impl Paths) -> Self {
        self.cases.extend(paths.into_paths());
        self
    }

    /// Requires so much to be covered, whatever the cases' files say of it.
    #[must_use]
    pub fn require(mut self, minimum: Minimum) -> Self {
        self.required = minimum;
        self
    }

    /// Asks the cases, runs the body, and looks at what was covered.
    ///
    /// # Panics
    ///
    /// If the files cannot be used, a case fails, the body panics or too little is covered.
    #[track_caller]
    pub fn run(self, body: impl FnOnce(&Subject)) {
        let policy = Subject::read(self.documents(&self.policies));
        let policy = policy.unwrap_or_else(|errors| panic!("{errors}"));
        let cases = Cases::from_documents(&self.documents(&self.cases));
        let report = cases.and_then(|cases| policy.check_cases(&cases));
        let mut report = report.unwrap_or_else(|errors| panic!("{errors}"));
        // What the cases have to tell is told whatever the body does.
        let ran = catch_unwind(AssertUnwindSafe(|| body(&policy)));
        report.coverage = policy.covered();
        report.required = report.required.overruled_by(self.required);
        if let Some(folder) = env::var_os(COVERAGE) {
            keep(&report, Path::new(&folder), &self.name);
        }
        match ran {
            Err(panic) => {
                if !report.holds() {
                    eprintln!("{}", report.told_cases());
                }
                resume_unwind(panic);
            }
            Ok(()) if report.passed() => {}
            Ok(()) => panic!("{report}"),
        }
    }

    #[track_caller]
    fn documents(&self, paths: &[PathBuf]) -> Documents {
        let mut documents = Documents::new();
        for path in paths {
            // Cargo runs tests in the package; then messages name files as they are written here.
            let is_here = env::current_dir().is_ok_and(|here| here == self.root);
            let path = match is_here {
                true => path.clone(),
                false => self.root.join(path),
            };
            let added = documents.add_path(path);
            documents = added.unwrap_or_else(|errors| panic!("{errors}"));
        }
        documents
    }
}

/// Writes a report into the folder, for who collects them.
#[cfg(feature = "testing")]
#[track_caller]
fn keep(report: &crate::testing::cases::Report, folder: &Path, test: &str) {
    let file = folder.join(format!("{}.json", test.replace("::", ".")));
    let write = || {
        std::fs::create_dir_all(folder)?;
        let mut json = serde_json::to_string(report)?;
        json.push('\n');
        std::fs::write(&file, json)
    };
    if let Err(error) = write() {
        panic!("{COVERAGE}: {}: {error}", file.display());
    }
}

#[cfg(not(feature = "testing"))]
#[track_caller]
fn keep(_: &crate::testing::cases::Report, _: &Path, _: &str) {
    panic!("{COVERAGE} is set, but the coverage is written with the feature `testing` only");
}

/// One path or several: what [`PolicyTest`] takes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no path of a policy or of cases",
    label = "write a text, \"mesh.yaml\", or several in brackets, [\"a.yaml\", \"b.yaml\"]"
)]
pub trait Paths {
    /// The paths.
    fn into_paths(self) -> Vec<PathBuf>;
}

impl Paths for &str {
    fn into_paths(self) -> Vec<PathBuf> {
        vec![self.into()]
    }
}

impl Paths for PathBuf {
    fn into_paths(self) -> Vec<PathBuf> {
        vec![self]
    }
}

impl<P: Into<PathBuf>, const N: usize> Paths for [P; N] {
    fn into_paths(self) -> Vec<PathBuf> {
        self.map(Into::into).into()
    }
}

impl<P: Into<PathBuf>> Paths for Vec<P> {
    fn into_paths(self) -> Vec<PathBuf> {
        self.into_iter().map(Into::into).collect()
    }
}

const COVERAGE: &str = "TOWER_MESH_COVERAGE";
