lib_librooms_la_SOURCES +=
