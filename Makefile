# revenue_intel: revenue intelligence inside PostgreSQL 15 to 18.
#
#   make demo          install what is missing, build, start a private cluster, print the report
#   make demo-stop     stop that cluster and remove it
#   make check         the same set-up, then every test
#   make check-matrix  the tests on PostgreSQL 15, 17 and 18
#   make bench         the benchmarks
#   make relay         the program that delivers the outbox: build/relay/revenue-relay
#   make / make install / make installcheck   the usual PGXS targets; PG_CONFIG picks the server
#
# The developer commands must work before PostgreSQL is there, so they stand apart from PGXS.

DEV_GOALS = demo demo-stop check check-matrix bench relay

ifneq ($(filter $(DEV_GOALS),$(MAKECMDGOALS)),)

.PHONY: $(MAKECMDGOALS)
.NOTPARALLEL:

demo:
	@demo/demo.sh

demo-stop:
	@demo/cluster.sh stop demo

check:
	@test/check.sh

check-matrix:
	@test/matrix.sh

bench:
	@demo/setup.sh bench
	@bench/run.sh

relay:
	@demo/setup.sh relay
	@cmake -S relay -B build/relay
	@cmake --build build/relay

# `make clean check`: the other goals go to PGXS.
$(filter-out $(DEV_GOALS),$(MAKECMDGOALS)):
	@$(MAKE) $@

else

EXTENSION   = revenue_intel
MODULE_big  = revenue_intel
EXTVERSION := $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" $(EXTENSION).control)

# The order in which the SQL is installed: a file may use only what stands before it.
SQL_ORDER = \
  foundation.tables foundation.functions \
  crm.tables crm.functions \
  scoring.functions scoring.framework scoring.views \
  pipeline.functions pipeline.forecast pipeline.funnel \
  pipeline.events.tables pipeline.events pipeline.log_deal pipeline.offers \
  pipeline.offer_months.tables pipeline.offer_months \
  pipeline.quota.tables pipeline.quota pipeline.submissions.tables pipeline.submissions \
  pipeline.waterfall pipeline.analysis pipeline.velocity \
  pipeline.snapshots.tables pipeline.snapshots \
  recurring.types recurring.functions recurring.ltv \
  recurring.tables recurring.ledger recurring.views recurring.retention recurring.policies \
  recurring.milestone recurring.analysis \
  forecast.types forecast.functions forecast.hierarchy.types forecast.hierarchy \
  forecast.tables forecast.revenue forecast.mrr forecast.runs forecast.scenario \
  anomaly.types anomaly.functions \
  metrics.tables metrics.definitions metrics.recurring metrics.efficiency metrics.compute metrics.freshness metrics.functions \
  anomaly.drivers anomaly.store.tables anomaly.store \
  alerts.outbox.tables alerts.outbox alerts.tables alerts.rules alerts.functions \
  jobs.tables jobs.functions \
  demo.subscriptions demo.incidents demo.functions views.amounts access

SQL_FILES    := $(SQL_ORDER:%=sql/%.sql)
SQL_UNLISTED := $(filter-out $(SQL_FILES),$(wildcard sql/*.sql))
ifneq ($(SQL_UNLISTED),)
  $(error $(SQL_UNLISTED) not in SQL_ORDER of the Makefile)
endif

SOURCES := $(sort $(wildcard src/core/*/*.cpp src/pg/*.cpp src/functions/*.cpp))
OBJS     = $(SOURCES:.cpp=.o)
DATA       = $(wildcard sql/updates/*.sql)
DATA_built = $(EXTENSION)--$(EXTVERSION).sql

# Empty it (make WERROR=) for a compiler newer than the ones this was tested with.
WERROR = -Werror
EIGEN  = /usr/include/eigen3

# GCC 14 takes an empty std::optional for one that is read, so that this warning breaks no build.
# No contraction: the same sources give the same numbers on processors with and without FMA.
PG_CXXFLAGS = -std=c++20 -O2 -ffp-contract=off -fvisibility=hidden \
  -Wall -Wextra $(WERROR) -Wno-error=maybe-uninitialized

# Only the functions SQL may call leave the library; the list is read from the objects.
SHLIB_EXPORTS = build/exports.txt

# Each test begins in an empty database. The results go to build/, or where OUT says, so that several runs
# do not meet; expected/ is at the top, or beside the isolation specs, and copied there, where a test
# without one gets an empty one: pg_regress would stop at it.
OUT            = build
fresh          = --launcher="test/fresh.sh '$(bindir)/psql' $(1)"
REGRESS       := $(sort $(patsubst test/sql/%.sql,%,$(wildcard test/sql/*.sql)))
REGRESS_OPTS   = --inputdir=test --outputdir=$(OUT)/regress $(call fresh,$(CONTRIB_TESTDB))
ISOLATION     := $(sort $(patsubst test/isolation/specs/%.spec,%,\
                   $(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation --outputdir=$(OUT)/isolation \
                   $(call fresh,$(ISOLATION_TESTDB))
REGRESS_PREP   = test-folders

EXTRA_CLEAN = build $(foreach e,o d bc bc.d,$(wildcard src/*/*.$e src/*/*/*.$e))

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
ifeq ($(wildcard $(PGXS)),)
  $(error $(PG_CONFIG) knows no server headers: install postgresql-server-dev-NN, or run make demo)
endif
include $(PGXS)

ifeq ($(filter 15 16 17 18,$(MAJORVERSION)),)
  $(error $(EXTENSION) needs PostgreSQL 15 to 18, and $(PG_CONFIG) is version $(MAJORVERSION))
endif

# From 16 on the folder of the expected results is an option; before, it was the output folder.
ifneq ($(MAJORVERSION),15)
  REGRESS_OPTS   += --expecteddir=$(OUT)/regress
  ISOLATION_OPTS += --expecteddir=$(OUT)/isolation
endif

# The headers of others are system headers, whose warnings are not ours. The core is compiled
# without the server's folders, so that it cannot include a PostgreSQL header.
core_cppflags := $(filter-out -I%,$(CPPFLAGS)) -Isrc -isystem $(EIGEN)
override CPPFLAGS := $(core_cppflags) \
  $(patsubst -I%,-isystem %,$(filter-out -I. -I./ -I/usr/include,$(filter -I%,$(CPPFLAGS))))
src/core/%.o src/core/%.bc: override CPPFLAGS := $(core_cppflags)

# A header that changes rebuilds what includes it; another server or other flags rebuild all; a
# source file that comes or goes relinks.
COMPILE.cc += -MMD -MP
# Bitcode is for the JIT. Its compiler may be years newer and is not asked for its opinion. The
# server's inliner aborts on an alias, which is what clang makes of a constructor (test/jit.sh).
COMPILE.cxx.bc += $(filter-out -Werror -Wno-error=%,$(PG_CXXFLAGS)) -Xclang -mno-constructor-aliases \
  -MMD -MP -MF $@.d
COMPILER = $(CXX) $(CXXFLAGS)
-include $(SOURCES:.cpp=.d) $(SOURCES:.cpp=.bc.d)

flags := $(shell $(PG_CONFIG) --version) $(CXX) $(CXXFLAGS) $(CPPFLAGS) $(value COMPILE.cxx.bc)
ifneq ($(flags),$(file <build/flags))
  $(shell mkdir -p build)$(file >build/flags,$(flags))
endif
files := $(SOURCES) $(SQL_FILES)
ifneq ($(files),$(file <build/files))
  $(file >build/files,$(files))
endif
build/flags build/files: ;
$(OBJS) $(OBJS:.o=.bc): build/flags

build/exports.txt: $(OBJS) build/files
	{ printf 'Pg_magic_func\n_PG_init\n'; nm --defined-only --extern-only $(OBJS) | \
	  awk 'sub(/^pg_finfo_/, "", $$3) { print $$3; print "pg_finfo_" $$3 }' | sort; } > $@

$(DATA_built): $(SQL_FILES) build/files Makefile $(EXTENSION).control
	{ printf '%s\n' '\echo Use "CREATE EXTENSION $(EXTENSION)" to load this file. \quit'; \
	  sed 's/^CREATE OR REPLACE /CREATE /' $(SQL_FILES); } > $@

.PHONY: test-folders
test-folders:
	@rm -rf $(OUT)/regress/expected $(OUT)/isolation/expected
	@mkdir -p $(OUT)/regress/expected $(OUT)/isolation/expected
	@touch $(REGRESS:%=$(OUT)/regress/expected/%.out) $(ISOLATION:%=$(OUT)/isolation/expected/%.out)
	$(if $(wildcard expected/*),@cp expected/* $(OUT)/regress/expected)
	$(if $(wildcard test/isolation/expected/*),@cp test/isolation/expected/* $(OUT)/isolation/expected)

endif
