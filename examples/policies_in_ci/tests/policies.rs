// tests/policies.rs
tower_mesh::policy_test! {
    fn the_shop(mesh: "mesh", cases: "cases.yaml", cases: "laws.yaml", require: { matches: 100 }) {
        mesh.requests().with_host("checkout.shop").have_a_destination();
        mesh.requests().with_header("x-tester", "yes").never_reach(["reviews/v1"]);
    }
}
