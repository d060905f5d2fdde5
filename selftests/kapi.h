/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tests of test_modules/notify_multi_api.c: the name, the callbacks of the device, or NULL if
 * the test registers it, and the number of clients that are opened before the test.
 */
#ifndef KAPI_H
#define KAPI_H

#define API_TESTS(TEST)								\
	TEST(register_rejects_bad_names, NULL, 0)				\
	TEST(register_rejects_sizes_out_of_range, NULL, 0)			\
	TEST(register_taken_name_returns_eexist, &no_ops, 0)			\
	TEST(devm_unregisters_with_parent, NULL, 0)				\
	TEST(broadcast_wrong_size_returns_einval, &no_ops, 1)			\
	TEST(broadcast_bad_status_returns_einval, &no_ops, 1)			\
	TEST(broadcast_at_sets_timestamp, &no_ops, 1)				\
	TEST(broadcast_sets_current_timestamp, &no_ops, 1)			\
	TEST(broadcast_works_with_interrupts_off, &no_ops, 1)			\
	TEST(broadcast_after_unregister_returns_enodev, &no_ops, 1)		\
	TEST(callbacks_get_drvdata_and_private, &all_ops, 1)			\
	TEST(packet_broadcast_in_arrival_is_received, &ops_without_complete, 0) \
	TEST(register_copies_ops, NULL, 0)					\
	TEST(complete_changes_copy_of_one_client, &all_ops, 2)			\
	TEST(complete_cannot_move_reader, &all_ops, 1)				\
	TEST(complete_error_fails_read_consumes_packet, &all_ops, 1)		\
	TEST(complete_runs_once_for_packet_after_batch, &all_ops, 1)		\
	TEST(read_during_unregister_returns_enodev, &late_ops, 2)		\
	TEST(killed_read_during_unregister_returns_eintr, &late_ops, 2)		\
	TEST(ioctl_reaches_source_until_unregister, &ops_with_ioctl, 1)		\
	TEST(unregister_waits_for_ioctl, &late_ops, 1)

#endif /* KAPI_H */
