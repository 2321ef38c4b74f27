//! The workflows in which run-workflow once differed from Digdag.

use super::replay::{Expected, expect};

#[track_caller]
fn replay(name: &str) {
    expect(name, Expected::Equal);
}

#[track_caller]
fn replay_in_any_order(name: &str) {
    expect(name, Expected::AnyOrder);
}

/// Digdag runs the workflow; run-workflow does not support it.
#[track_caller]
fn refuse(name: &str) {
    expect(name, Expected::Refused);
}

#[test]
fn plain_scalars_have_digdags_types() {
    replay("01-yaml-types");
}

#[test]
fn a_float_below_one_is_text() {
    replay("02-yaml-float-below-one");
}

#[test]
fn values_become_text_as_in_javascript() {
    replay("07-values-through-template");
}

#[test]
fn a_retried_task_stores_its_values() {
    replay("13-retry-task");
}

#[test]
fn a_task_that_exhausts_its_retries_fails() {
    replay("14-retry-exhausted");
}

#[test]
fn error_tasks_of_a_group_see_values_and_the_message() {
    replay("19-error-params");
}

#[test]
fn error_tasks_of_the_root_and_of_a_called_workflow_run() {
    replay("20-error-root-and-call");
}

#[test]
fn error_tasks_in_a_parallel_group_run() {
    replay_in_any_order("21-error-in-parallel");
}

#[test]
fn a_condition_may_be_true_in_capitals() {
    replay("23-if-value-1");
}

#[test]
fn a_condition_is_not_a_float() {
    replay("23-if-value-10");
}

#[test]
fn a_condition_is_not_a_list() {
    replay("23-if-value-11");
}

#[test]
fn a_condition_may_be_one() {
    replay("23-if-value-2");
}

#[test]
fn a_condition_may_be_zero() {
    replay("23-if-value-3");
}

#[test]
fn a_condition_is_not_the_text_one() {
    replay("23-if-value-4");
}

#[test]
fn a_condition_is_not_yes() {
    replay("23-if-value-5");
}

#[test]
fn a_condition_may_be_empty_text() {
    replay("23-if-value-6");
}

#[test]
fn a_condition_is_not_null() {
    replay("23-if-value-7");
}

#[test]
fn a_condition_may_be_the_text_null() {
    replay("23-if-value-8");
}

#[test]
fn a_condition_may_have_spaces() {
    replay("23-if-value-9");
}

#[test]
fn an_empty_branch_alone_fails() {
    replay("24-if-empty-do");
}

#[test]
fn two_empty_branches_fail() {
    replay("25-if-do-empty-else");
}

#[test]
fn echo_takes_no_list() {
    replay("27-echo-list");
}

#[test]
fn echo_takes_no_map() {
    replay("27-echo-map");
}

#[test]
fn echo_takes_no_null() {
    replay("27-echo-null");
}

#[test]
fn sh_takes_no_list() {
    replay("28-sh-list");
}

#[test]
fn sh_takes_no_map() {
    replay("28-sh-map");
}

#[test]
fn sh_takes_no_null() {
    replay("28-sh-null");
}

#[test]
fn py_takes_no_list() {
    replay("29-py-list");
}

#[test]
fn py_takes_no_map() {
    replay("29-py-map");
}

#[test]
fn py_takes_no_null() {
    replay("29-py-null");
}

#[test]
fn an_error_task_of_a_call_runs() {
    replay("31-call-retry-error");
}

#[test]
fn task_names_are_ascii() {
    replay("34-names");
}

#[test]
fn a_task_is_not_empty() {
    replay("37-empty-task");
}

#[test]
fn identifiers_are_parameters() {
    replay("42-ids");
}

#[test]
fn a_schedule_is_refused() {
    refuse("44-schedule-vars");
}

#[test]
fn a_file_of_parameters_is_read_as_a_workflow_is() {
    replay("45-params-file");
}

#[test]
fn an_undefined_name_in_a_parameter_fails_the_task() {
    replay("47-p-template-undefined");
}

#[test]
fn parameters_of_the_command_line_keep_odd_characters() {
    replay("48-p-odd");
}

#[test]
fn today_is_not_a_session() {
    replay("50-session-10");
}

#[test]
fn a_session_has_two_digits_for_month_and_day() {
    replay("50-session-7");
}

#[test]
fn a_session_in_the_hour_that_is_skipped_is_the_hour_after() {
    replay("51-dst");
}

#[test]
fn an_error_task_may_echo() {
    replay("67-error-only-string");
}

#[test]
fn comparisons_convert_as_in_javascript() {
    replay("72-compare-forms");
}

#[test]
fn lists_are_compared_as_in_javascript() {
    replay("73-list-compare");
}

#[test]
fn an_integer_beyond_64_bits_is_refused() {
    refuse("76-number-text");
}

#[test]
fn an_error_task_stores_for_its_own_group() {
    replay("78-error-task-store");
}

#[test]
fn an_error_task_may_fail() {
    replay("79-error-fails");
}

#[test]
fn a_resumed_session_skips_what_succeeded() {
    replay_in_any_order("80-resume-fail");
}

#[test]
fn a_resumed_session_runs_a_failed_task_again() {
    replay("83-resume-error-task");
}

#[test]
fn a_retried_group_skips_what_succeeded() {
    replay("84-resume-retry-group");
}

#[test]
fn templates_are_replaced_as_in_digdag() {
    replay("a1-templates");
}

#[test]
fn the_last_session_of_a_schedule_is_refused() {
    refuse("a24-last-schedule");
}

#[test]
fn a_broken_workflow_beside_it_is_refused() {
    replay("a27-broken-sibling");
}

#[test]
fn an_invalid_workflow_beside_it_is_refused() {
    replay("a28-sibling-invalid");
}

#[test]
fn a_failed_task_stores_nothing() {
    replay("a29-error-stores");
}

#[test]
fn numbers_in_the_environment_are_written_as_in_java() {
    replay("a30-mixed-types-env");
}

#[test]
fn an_undefined_name_in_an_export_fails_every_task() {
    replay("a32-undefined-export-unused");
}

#[test]
fn a_null_key_is_refused() {
    replay("a37-yaml-lists");
}

#[test]
fn an_error_group_may_echo() {
    replay("a42-error-echo-group");
}

#[test]
fn only_the_last_try_of_a_task_stores() {
    replay("a43-stores-on-fail");
}

#[test]
fn a_stored_operator_fails_the_next_task() {
    replay("a5-store-odd-keys");
}

#[test]
fn nested_parallel_groups_pass_values_on() {
    replay_in_any_order("a7-nested-parallel");
}

#[test]
fn a_boolean_of_a_file_is_a_condition() {
    replay("a9-bool-file");
}

#[test]
fn an_include_is_relative_to_its_own_file() {
    replay("b1-nested-include-folder");
}

#[test]
fn a_retried_group_keeps_the_values_of_what_it_skips() {
    replay("b4-group-retry-saved-3s");
}

#[test]
fn a_number_of_the_command_line_is_not_a_condition() {
    replay("b9-if-number-param");
}
