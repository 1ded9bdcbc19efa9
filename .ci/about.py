"""What `.ci/run` asks of the package, read from cargo and the README so that no list is kept twice."""

import json
import re
import subprocess
import sys


def metadata(*arguments):
    command = ["cargo", "metadata", "--format-version", "1", "--locked", *arguments]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def package():
    return metadata("--no-deps")["packages"][0]


def features():
    """Every feature, one a line."""
    print("\n".join(sorted(package()["features"])))


def examples():
    """Every example, each with the features that it requires."""
    targets = [target for target in package()["targets"] if "example" in target["kind"]]
    names = [target["name"] for target in targets]
    if "quickstart" not in names:
        sys.exit(f"examples/quickstart.rs is missing; the examples are {names}")
    for target in targets:
        print(target["name"], ",".join(target.get("required-features", [])), sep="\t")


def readme_test():
    """The command by which the README tells people to run the tests."""
    with open("README.md", encoding="utf-8") as readme:
        blocks = re.findall(r"^```console\n(.*?)^```", readme.read(), re.MULTILINE | re.DOTALL)
    commands = re.findall(r"^\$ (cargo test.*)$", "\n".join(blocks), re.MULTILINE)
    if not commands:
        sys.exit("README.md has no ```console block with a line `$ cargo test`")
    # A comment behind the command is for readers.
    print(re.sub(r"\s+#.*", "", commands[0]))


def msrv():
    """Fails if a dependency that users compile needs a newer Rust than we promise."""
    graph = metadata("--all-features")
    packages = {each["id"]: each for each in graph["packages"]}
    nodes = {node["id"]: node for node in graph["resolve"]["nodes"]}
    root = graph["resolve"]["root"]
    ours = packages[root]["rust_version"]
    seen, left = {root}, [root]
    while left:
        for dependency in nodes[left.pop()]["deps"]:
            built = any(kind["kind"] in (None, "build") for kind in dependency["dep_kinds"])
            if built and dependency["pkg"] not in seen:
                seen.add(dependency["pkg"])
                left.append(dependency["pkg"])
    newer = [
        f"{packages[each]['name']} {packages[each]['version']} needs {packages[each]['rust_version']}"
        for each in seen
        if version(packages[each]["rust_version"]) > version(ours)
    ]
    if newer:
        sys.exit(f"rust-version is {ours}, but\n  " + "\n  ".join(sorted(newer)))
    print(f"{len(seen) - 1} dependencies build with Rust {ours}")


def version(text):
    numbers = [int(number) for number in (text or "0").split(".")]
    return numbers + [0] * (3 - len(numbers))


if __name__ == "__main__":
    {each.__name__: each for each in (features, examples, readme_test, msrv)}[sys.argv[1]]()
