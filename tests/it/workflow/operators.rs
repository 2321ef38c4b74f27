use super::{given, project};

#[test]
fn shell_tasks_have_parameters_as_variables() {
    let dir = project(
        "_export: {text: \"a b\", list: [1, two], on: true, not-a-name: 1}\n+a:\n  sh>: echo \"$text|$list|$on|$number|$own|$task_name|$0\"\n  number: 1.5\n  _env: {own: 7, text: over}\n",
    );
    dir.run_workflow(&["main.dig"]).run().expect_status(0).expect_stderr("over|[1,\"two\"]|true|1.5|7|+main+a|");
}

#[test]
fn a_null_parameter_fails_a_shell_task() {
    let dir = project("_export: {nothing: }\n+a:\n  sh>: \"true\"\n");
    dir.run_workflow(&["main.dig"]).run().expect_status(1).expect_stderr("parameter nothing is null");
}

#[test]
fn the_shell_can_be_chosen() {
    let dir = project("+a:\n  sh>: one\n  shell: [\"grep\", \"-n\", \"one\"]\n");
    dir.run_workflow(&["main.dig"]).run().expect_status(0).expect_stderr("\n1:one\n");
}

#[test]
fn binaries_beside_run_workflow_are_found_by_their_names() {
    let dir = project("+a:\n  sh>: command -v run-workflow\n");
    let binary = crate::support::program("run-workflow");
    dir.run_workflow(&["main.dig"]).run().expect_status(0).expect_stderr(&format!("\n{binary}\n"));
}

#[test]
fn output_of_tasks_goes_to_stderr_merged() {
    let dir = project("+a:\n  sh>: echo out; echo err >&2; printf end\n");
    let finished = dir.run_workflow(&["main.dig"]).run().expect_status(0).expect_stderr("\nout\nerr\nend\n");
    assert_eq!(finished.stdout.lines().count(), 1);
}

#[test]
fn stdin_is_a_pipe_that_nobody_writes_to() {
    let dir = project("+a:\n  sh>: test -p /dev/stdin && ! timeout 1 cat\n");
    dir.run_workflow(&["main.dig"]).run().expect_status(0);
}

#[test]
fn programs_are_found_in_the_project_folder_or_on_the_path() {
    let dir = project("_export: {py: {python: [/bin/sh, task]}}\n+a:\n  py>: some.method-name\n");
    dir.run_workflow(&["main.dig"]).run().expect_status(0);
    assert_eq!(given(&dir, "some.method-name")["_command"], "some.method-name");
    let dir = project("+a:\n  py>: x\n  python: ./missing\n");
    dir.run_workflow(&["main.dig"]).run().expect_status(1).expect_stderr("Cannot run program \"./missing\": No such");
}

#[test]
fn a_broken_answer_does_not_hide_the_exit_status() {
    let dir = project("+a:\n  py>: x\n  python: ./breaks\n");
    dir.create_program("breaks", "#!/bin/sh\nprintf '{' > \"$4\"\nexit 3\n");
    let finished = dir.run_workflow(&["main.dig"]).run().expect_status(1);
    finished.expect_stderr("Python command failed with code 3\noutput.json cannot be read: EOF");
}

#[test]
fn a_task_that_a_signal_ends_has_failed_with_128_and_the_signal() {
    let dir = project("+a:\n  sh>: kill -KILL $$$$\n");
    dir.run_workflow(&["main.dig"]).run().expect_status(1).expect_stderr("Command failed with code 137 (runtime)");
}

/// Text of a file, a parameter or a result that gets into a message of run-workflow.
#[test]
fn what_a_terminal_acts_on_never_reaches_it() {
    let active =
        |text: &str| text.chars().find(|c| *c != '\n' && (c.is_control() || ('\u{2028}'..='\u{202e}').contains(c)));
    let dir = project("+a:\n  echo>: \"${text}\\ntwo\"\n+b:\n  py>: \"x${text}\"\n  python: ./fails\n");
    dir.create_program("fails", "#!/bin/sh\ncat error > \"$4\"\nexit 3\n");
    dir.create("error", r#"{"error": {"class": "E", "message": "\u001b[2J\u202e and \u009b"}}"#);
    let finished = dir.run_workflow(&["main.dig", "-p", "text=\u{1b}[31m\u{202e}"]).run().expect_status(1);
    assert!(active(&finished.stderr).is_none(), "{:?}", finished.stderr);
    assert!(active(&finished.stdout).is_none(), "{:?}", finished.stdout);
    let message = finished.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("\u{1b}[2J\u{202e} and \u{9b}"), "{message:?}");
    finished.expect_stderr("\n\\u{1b}[31m\\u{202e}\ntwo\n").expect_stderr("\\u{1b}[2J\\u{202e} and \\u{9b} (E)");
    for (file, name) in [("+\u{202e}a:\n  sh>: x\n", "main.dig"), ("+a:\n  sh>: x\n", "no\u{1b}[31m\nsuch.dig")] {
        let dir = project(file);
        let finished = dir.run_workflow(&[name]).run().expect_status(2);
        assert!(active(&finished.stderr).is_none(), "{:?}", finished.stderr);
        finished.expect_one_line(&[]);
    }
}
