# What is installed, and the Debian package made of it: `cpack -G DEB` in a release build.
include(GNUInstallDirs)

# What is there is packed: tests and benchmarks need not have been built for it.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)

# The manual page is what the program says of itself.
set(man_page "${CMAKE_BINARY_DIR}/backfill.1")
add_custom_command(OUTPUT "${man_page}" "${man_page}.gz"
  COMMAND "${CMAKE_SOURCE_DIR}/scripts/make-man" "$<TARGET_FILE:backfill>" > "${man_page}"
  COMMAND gzip -9nc "${man_page}" > "${man_page}.gz"
  DEPENDS backfill "${CMAKE_SOURCE_DIR}/scripts/make-man" VERBATIM)
set(changelog "${CMAKE_BINARY_DIR}/changelog")
configure_file("${CMAKE_SOURCE_DIR}/packaging/changelog.in" "${changelog}" @ONLY)
add_custom_command(OUTPUT "${changelog}.gz" COMMAND gzip -9nc "${changelog}" > "${changelog}.gz"
  DEPENDS "${changelog}" VERBATIM)
add_custom_target(backfill_documents ALL DEPENDS "${man_page}.gz" "${changelog}.gz")

install(TARGETS backfill RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(FILES "${man_page}.gz" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(FILES share/completions/backfill.bash RENAME backfill
  DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
install(FILES share/completions/_backfill
  DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions")
install(FILES README.md CHANGELOG.md docs/job.schema.json packaging/copyright "${changelog}.gz"
  DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY docs/ DESTINATION "${CMAKE_INSTALL_DOCDIR}/docs"
  FILES_MATCHING PATTERN "*.md" PATTERN examples EXCLUDE)
install(DIRECTORY docs/examples/ DESTINATION "${CMAKE_INSTALL_DOCDIR}/examples"
  FILES_MATCHING PATTERN "*.py" PATTERN "*.ini" PATTERN "*.sql" PATTERN "*.yaml")
install(DIRECTORY jobs/examples/ DESTINATION "${CMAKE_INSTALL_DOCDIR}/examples/jobs"
  FILES_MATCHING PATTERN "*.yaml")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME backfill)
set(CPACK_PACKAGE_VENDOR "The backfill authors")
set(CPACK_PACKAGE_CONTACT "The backfill authors <backfill@users.noreply.github.com>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "online batched backfills and data migrations for PostgreSQL")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Changes many rows of a live PostgreSQL table in small batches, each exactly
once, and goes on where it was after any interruption. It slows down for
standbys and for other sessions' locks, proves that no row was left out, and
puts constraints in place online.
Changes the type of a column, and of the foreign keys that follow it, with one
short switch that can be undone.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
# The libraries and their versions, as the binary itself says.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ
  GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
