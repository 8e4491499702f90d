TESTS += tests/unit/test_frames_resample tests/unit/test_frames_frontend
check_PROGRAMS += tests/unit/test_frames_resample tests/unit/test_frames_frontend
tests_unit_test_frames_resample_SOURCES = tests/unit/test_frames_resample.c
tests_unit_test_frames_resample_CFLAGS = $(unit_cflags)
tests_unit_test_frames_resample_LDADD = $(unit_ldadd)
tests_unit_test_frames_frontend_SOURCES = tests/unit/test_frames_frontend.c
tests_unit_test_frames_frontend_CFLAGS = $(unit_cflags)
tests_unit_test_frames_frontend_LDADD = $(unit_ldadd)
