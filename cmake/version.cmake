# Writes version.h from version.h.in; run by every build, and touches the file only when something changed.
execute_process(COMMAND git rev-parse HEAD WORKING_DIRECTORY ${SOURCE} OUTPUT_VARIABLE CUTRACT_GIT_COMMIT
                OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE no_git)
if(no_git)
  set(CUTRACT_GIT_COMMIT "unknown")
endif()
execute_process(COMMAND git diff --quiet HEAD WORKING_DIRECTORY ${SOURCE} RESULT_VARIABLE dirty ERROR_QUIET)
if(dirty EQUAL 1)  # anything else: git could not say
  set(CUTRACT_GIT_DIRTY true)
else()
  set(CUTRACT_GIT_DIRTY false)
endif()
configure_file(${SOURCE}/train/version.h.in ${OUTPUT} @ONLY)
