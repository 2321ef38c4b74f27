use super::project;

/// The workflow is refused with `message`, and its first task does not run.
#[track_caller]
fn refused(workflow: &str, message: &str) {
    let dir = project(&format!("+first:\n  sh>: touch ran\n{workflow}"));
    dir.create("other.dig", "+x:\n  for_each>: {a: [1]}\n").create("circle.dig", "+x:\n  call>: circle.dig\n");
    dir.create("a.yml", "key: 1\n").create("b.yml", "!include : 'b.yml'\n").create("list.yml", "- 1\n");
    let finished = dir.run_workflow(&["main.dig"]).run().expect_status(2).expect_stderr(message);
    assert_eq!(finished.stderr.lines().count(), 1, "{}", finished.stderr);
    assert_eq!(finished.json()["status"], "failed");
    assert!(!dir.path("ran").exists());
}

#[test]
fn operators_that_run_workflow_does_not_have() {
    for operator in ["for_each>", "loop>", "for_range>", "rb>", "http>", "fail>", "require>", "td>", "wait>", "mail>"] {
        refused(
            &format!("+x:\n\n  {operator}: a\n  _do:\n    sh>: b\n"),
            &format!("main.dig:5: run-workflow has no operator {operator};"),
        );
    }
    refused("+x:\n  call>: other.dig\n", "other.dig:2: run-workflow has no operator for_each>");
}

#[test]
fn directives_that_run_workflow_does_not_have() {
    for directive in ["_background", "_check", "_secrets", "sla", "_disable", "_after"] {
        let message = |line| format!("main.dig:{line}: run-workflow has no {directive};");
        refused(&format!("+x:\n  sh>: a\n  {directive}: b\n"), &message(5));
        refused(&format!("+x:\n  {directive}: b\n  +y:\n    sh>: a\n"), &message(4));
    }
    refused("sla:\n  time: 02:00\n", "main.dig:3: run-workflow has no sla");
    refused("+x:\n  sh>: a\n  _unheard: b\n", "main.dig:5: _unheard on +x, which has sh>");
    refused("+x:\n  _retry: {limit: 3}\n  sh>: a\n", "main.dig:4: _retry is supported as a plain number only");
    refused("+x:\n  call>: main2\n  _retry: 1\n", "main.dig:4: call> of 'main2', which does not exist");
    refused("+x:\n  if>: true\n  _retry: 1\n  _do: {sh>: a}\n", "_retry on +x, which has if>");
}

#[test]
fn expressions_that_run_workflow_does_not_evaluate() {
    for (text, expression) in [
        ("${a + 1}", "${a + 1}"),
        ("x ${ok} ${moment(session_time).format('YYYY')}", "${moment(session_time).format('YYYY')}"),
        ("${a && b}", "${a && b}"),
        ("${secret:key}", "${secret:key}"),
        ("${list[0]}", "${list[0]}"),
    ] {
        refused(
            &format!("+x:\n  echo>: \"{text}\"\n"),
            &format!("main.dig:4: run-workflow does not evaluate {expression};"),
        );
    }
    refused(
        "+x:\n  if>: true\n  _do:\n    sh>: a\n    list: [1, \"${!x}\"]\n",
        "main.dig:7: run-workflow does not evaluate ${!x}",
    );
}

#[test]
fn includes_that_leave_the_folder_or_do_not_exist() {
    for path in ["../a.yml", "config/../../a.yml", "/etc/a.yml"] {
        let message = format!("main.dig:4: !include of '{path}' leaves the project folder");
        refused(&format!("_export:\n  !include : '{path}'\n"), &message);
    }
    refused("_export:\n  !include : 'no.yml'\n", "main.dig:4: cannot include 'no.yml': No such file");
    refused("_export:\n  !include : 'b.yml'\n", "b.yml:1: 'b.yml' includes itself");
    refused("_export:\n  !include : 'list.yml'\n", "main.dig:4: 'list.yml' holds no keys");
    refused("_export:\n  key: 2\n  !include : 'a.yml'\n", "a.yml:1: the key key is already given in main.dig:4");
    refused("_export: !include 'a.yml'\n", "the YAML tag !include is not supported here");
}

#[test]
fn files_that_are_no_workflows() {
    refused("+x:\n  sh>: a\n  sh>: b\n", "main.dig:5: the key sh> is already given in line 4");
    refused("+x:\n  sh>: a\n   b: c\n", "main.dig:5: not YAML: ");
    refused("+x:\n  sh>: a\n  py>: b\n", "main.dig:5: +x has a second operator, py>");
    refused("+x:\n  sh>: a\n  +y:\n    sh>: b\n", "main.dig:5: +y on +x, which has sh>");
    refused("sh>: a\n", "main.dig:3: sh> is outside of any task");
    refused("stray: 1\n", "main.dig:3: stray on +main, which has no operator");
    refused("+x: text\n", "main.dig:3: keys are expected here");
    refused("+x:\n  param: 1\n  +y:\n    sh>: b\n", "main.dig:4: param on +x, which has no operator");
    refused("+x:\n  _env: {a: b}\n  +y:\n    sh>: b\n", "main.dig:4: _env on +x, which has no operator");
    refused("+x:\n", "main.dig:3: +x is empty");
    refused("+ä:\n  sh>: a\n", "main.dig:3: '+ä' is not a valid task name");
    refused("+x:\n  if>: true\n  _do:\n    +ä:\n      sh>: a\n", "main.dig:6: '+ä' is not a valid task name");
    refused("+x:\n  if>: true\n  _do: {}\n  _else_do:\n", "main.dig:4: +x has neither _do nor _else_do");
    refused("+x:\n  if>: maybe\n  _do: {sh>: a}\n", "main.dig:4: Expected 'true' or 'false'");
    refused("+x:\n  py>: [a]\n", "main.dig:4: py> of +x expects text, found a list");
    refused(
        "+x:\n  sh>: a\n  b: 100000000000000000000\n",
        "main.dig:5: the integer 100000000000000000000 does not fit",
    );
    refused("+x:\n  sh>: a\n  ~: b\n", "main.dig:5: a key is empty");
    refused("+x:\n  sh>: a\n  _env: {a: {secret: b}}\n", "main.dig:5: _env: a is neither text, number nor boolean");
    refused("+x/y:\n  sh>: a\n", "main.dig:3: '+x/y' is not a valid task name");
    refused("+x:\n  _parallel: many\n  +y:\n    sh>: b\n", "main.dig:4: _parallel is true, false or {limit: N}");
    refused("+x:\n  if>: true\n", "main.dig:4: +x has neither _do nor _else_do");
    refused("timezone: Mars\n", "main.dig:3: unknown timezone Mars");
}

/// Digdag validates every workflow of a project before it runs one.
#[test]
fn invalid_workflows_beside_the_one_that_runs() {
    let dir = project("+a:\n  sh>: touch ran\n");
    dir.create("later.dig", "+a:\n  for_each>: {x: [1]}\n  _do:\n    echo>: ${x + 1}\n+b:\n  call>: nowhere\n");
    dir.run_workflow(&["main.dig"]).run().expect_status(0);
    for (text, message) in [
        ("+a:\n  py>: [unclosed\n", "other.dig:3: not YAML: "),
        ("+a:\n  foo: 1\n", "other.dig:2: foo on +a, which has no operator;"),
        ("+a:\n  !include : gone.yml\n", "other.dig:2: cannot include 'gone.yml'"),
    ] {
        dir.create("other.dig", text);
        let finished = dir.run_workflow(&["main.dig"]).run().expect_status(2).expect_stderr(message);
        assert_eq!(finished.stderr.lines().count(), 1, "{}", finished.stderr);
    }
}

#[test]
fn calls_that_lead_nowhere() {
    refused("+x:\n  call>: missing.dig\n", "main.dig:4: call> of 'missing.dig', which does not exist");
    refused("+x:\n  call>: main.dig\n", "main.dig:4: 'main.dig' calls itself");
    refused("+x:\n  call>: circle.dig\n", "circle.dig:2: 'circle.dig' calls itself");
    refused("+x:\n  call>: ${name}.dig\n", "main.dig:4: call> of '${name}.dig'; write the name out");
}
