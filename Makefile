# The two commands: `make demo` shows the product at work, `make test` proves it. Both set up what they need.
# Everything lands in .venv and build/ of this folder; only missing Debian packages are installed beside it.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

# Tests start hundreds of programs, and every worker reads every test: each is compiled once, whatever the
# surroundings say.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test check bench bench-reading test-browser test-package test-vm test-bare docs pictures \
	test-cluster test-central test-fleet test-generators test-uploads prove proofs faults fuzz fuzz-guided properties \
	races model mutants site soak \
	soak-lane soak-vision stress train train-detector schema texts architecture format lock deb release sign clean

# A line that ends in a backslash continues in the next.
help:  ## List the targets
	@sed -e ':more' -e '/\\$$/ {N; s/ *\\\n\t*/ /; b more' -e '}' $(MAKEFILE_LIST) | grep -E '^[a-z-]+:.*##' | \
		awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup:  ## Install what is missing: Debian packages, Python packages from the lock, models
	@PYTHON=$(PYTHON) VENV=$(VENV) tools/setup.sh

demo:  ## Play fourteen vehicles at a gate on this machine, in the terminal and in a browser; then you choose more
	@PYTHON=$(PYTHON) VENV=$(VENV) tools/setup.sh demo
	@$(BIN)/gate-agent demo

test: setup  ## Run all checks and tests: style, types, imports, tests
	@# The checks leave cores idle: meanwhile the tests are compiled, once for all workers.
	@$(BIN)/python -m pytest --collect-only -q >/dev/null & \
		$(MAKE) --no-print-directory check; checked=$$?; wait; exit $$checked
	@# More at a time than there are cores: tests of brokers, cameras and kills wait more than they compute.
	@$(BIN)/python -m pytest -n 6 --dist loadfile --no-loadscope-reorder -m "not long"

check: setup  ## Style, types, imports, and the words of everything that people read
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports
	@$(BIN)/python -m tools.style

bench: setup  ## Measure speed beside the goals
	@$(BIN)/python bench/run.py

bench-reading: setup  ## Compare our readers with others on the same pictures; WRITE=yes: also into docs/reading.md; \
	DATA=folder with qr/ and plates/; PICTURES=N of each set; an hour
	@PYTHON=$(PYTHON) tools/setup_reading.sh
	@for part in reading curves weather; do \
		$(BIN)/python -m bench.$$part $(DATA) $(if $(PICTURES),--pictures $(PICTURES)) \
			$(if $(WRITE),--charts docs/images --page docs/reading.md) || failed=1; \
	done; [ -z "$$failed" ]

test-browser: setup  ## Look at every page of the console in a browser, in four languages, on desktop and phone; \
	some minutes
	@PYTHON=$(PYTHON) VENV=$(VENV) tools/setup.sh proofs
	@$(BIN)/python -m pytest -m long tests/browser

test-package: setup  ## Build the Debian package, and boot it in a container: upgrade, roll back, remove; \
	as root, some minutes
	@PYTHON=$(PYTHON) VENV=$(VENV) tools/setup.sh proofs
	@$(BIN)/python -m pytest -m long tests/packaging

test-uploads: setup  ## Bring 1,000 pictures into object storage that fails, and measure whether events wait; a minute
	@PYTHON=$(PYTHON) VENV=$(VENV) tools/setup.sh proofs
	@$(BIN)/python -m pytest -m long tests/unit/agent/uploads
	@$(BIN)/python -m bench.uploads

GATES ?= 1000
VEHICLES ?= 10
test-central: setup  ## Run all queries of the dashboards on the central database, over a thousand gates and a month \
	of events; some minutes, 4 GB of disk; GATES=, VEHICLES= a gate and a day
	@tools/setup_central.sh
	@$(BIN)/python -m tests.central --gates $(GATES) --vehicles $(VEHICLES)

ONLY ?=
AGAIN ?=
prove: setup  ## Run every proof, the cheapest first, and write one report; results of this commit are kept; \
	ONLY=name,name AGAIN=name; WRITE=yes: also docs/proof.md; sixteen hours on two idle cores
	@$(BIN)/python -m tools.proofs $(if $(ONLY),--only $(ONLY)) $(if $(AGAIN),--again $(AGAIN)) $(if $(WRITE),--write)

LONG ?=
proofs: setup  ## The longer proofs: hundreds of crashes, the console in a browser, the package in a container
	@PYTHON=$(PYTHON) VENV=$(VENV) tools/setup.sh proofs
	@$(BIN)/python -m pytest -m long $(LONG)

faults: setup  ## Kill agent, broker, consumer, power, network and disk hundreds of times: a table of what was lost
	@tools/setup_cluster.sh
	@$(BIN)/python -m tests.faults

test-cluster: setup  ## Gates and consumers on a real cluster of three RabbitMQ nodes on this machine, and kills; \
	five minutes
	@tools/setup_cluster.sh
	@$(BIN)/python -m pytest -s tests/cluster/proofs.py tests/cluster/tool_proofs.py tests/cluster/neighbour_proofs.py \
		tests/cluster/central_proofs.py

GATES_OF_FLEET ?= 20
test-fleet: setup  ## Roll out to twenty real gates in containers, a gate's certificate over a year, and from an \
	unpacked box to its first event; as root, half an hour; GATES_OF_FLEET=
	@PYTHON=$(PYTHON) VENV=$(VENV) tools/setup.sh proofs
	@tools/setup_soak.sh
	@$(BIN)/python -m tests.fleet.certificates
	@$(BIN)/python -m tests.fleet.first_event
	@$(BIN)/python -m tests.fleet.rollout --gates $(GATES_OF_FLEET)

test-generators: setup  ## Read the contract with third-party tools: ajv, modelina, datamodel-code-generator, \
	quicktype, and a consumer in TypeScript beside a real gate; errors 0, one line a tool; five minutes
	@VENV=$(VENV) tools/setup_generators.sh
	@$(BIN)/python -m tests.generators
	@$(BIN)/python -m pytest -m long tests/system/test_central_node.py

fuzz: setup  ## Attack everything that reads foreign bytes with a million hostile inputs; three to eight minutes
	@$(BIN)/python -m tests.fuzz

READER ?=
FUZZ_S ?= 3600
fuzz-guided: setup  ## Let coverage guide the attack on every reader for an hour, FUZZ_S= seconds; \
	READER="GP1 texts": on one reader for five minutes, `make fuzz` prints the names
	@PYTHON=$(PYTHON) tools/setup_fuzz.sh
	@.venv-fuzz/bin/python -m $(if $(READER),tests.fuzz.guided "$(READER)",tests.fuzz.guided_readers --for $(FUZZ_S))

SEED ?=
properties: setup  ## Test the rules for all inputs with new random examples (`make test` takes the same ones each \
	time); some minutes; SEED=N: those of an earlier run
	@seed=$(or $(SEED),$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')); \
		$(BIN)/python -m pytest -n 2 --hypothesis-profile=new --hypothesis-seed=$$seed \
			$$(grep -rlE '^from hypothesis' tests --include='*.py'); \
		ended=$$?; echo "seed $$seed; the same examples again: make properties SEED=$$seed"; exit $$ended

races: setup  ## Three gates race for permits, are killed, cut off and lose journals: was any used twice? SEED=N: the \
	permits and faults of an earlier run
	@$(BIN)/python -m tests.races.races $(if $(SEED),--seed $(SEED))

MACHINE ?=
model: setup  ## Explore the rules of lanes, site, clock and lists: every input in every state, breadth first; \
	half an hour on two cores; MACHINE="lane: blind" for one
	@$(BIN)/python -m tests.model $(if $(MACHINE),--machine "$(MACHINE)")

mutants: setup  ## Change the rules of lane, permits, lists, clock and site, and the boards' codecs, in every small \
	way: do the tests notice?
	@$(BIN)/python tools/mutants.py

GLYPHS ?=
CROPS ?=
PHOTOS ?=
train: setup  ## Train the plate recogniser; GLYPHS=, CROPS=, PHOTOS= name folders (training/README.md); \
	some three hours on two cores, and half an hour more for each of five stages with photographs
	@PYTHON=$(PYTHON) tools/setup_training.sh
	@.venv-training/bin/python -m training.recogniser build/training --fonts build/training-fonts /usr/share/fonts \
	    $(GLYPHS:%=--glyphs %) $(if $(CROPS),--crops $(CROPS)) $(if $(PHOTOS),--photos $(PHOTOS))

BACKGROUNDS ?=
BOXED ?=
PHOTOGRAPHS ?=
train-detector: setup  ## Train the plate detector; GLYPHS=, BACKGROUNDS=, BOXED=, PHOTOGRAPHS= name folders \
	(training/README.md); about an hour on two cores
	@PYTHON=$(PYTHON) tools/setup_training.sh
	@.venv-training/bin/python -m training.detector build/detector --fonts build/training-fonts /usr/share/fonts \
	    $(GLYPHS:%=--glyphs %) $(if $(BACKGROUNDS),--backgrounds $(BACKGROUNDS)) $(if $(BOXED),--boxed $(BOXED)) \
	    $(PHOTOGRAPHS:%=--photographs %)

pictures: setup  ## Take the pictures of the console in docs/images again, from a running demo; four minutes
	@PYTHON=$(PYTHON) VENV=$(VENV) tools/setup.sh proofs
	@$(BIN)/python -m tools.handbook_pictures

docs: setup  ## Write the pages as a static site with a search: build/site/index.html
	@$(BIN)/python -m tools.docs_site

schema: setup  ## Write the JSON Schema of the configuration for your editor: build/gate.schema.json
	@mkdir -p build
	@$(BIN)/gate-agent config schema >build/gate.schema.json

SOAK_S ?= 3600
soak: setup  ## The whole agent at twenty times the traffic, all faults mixed, for an hour; SOAK_S= seconds, SEED=; \
	WRITE=yes: its picture into docs/images
	@tools/setup_soak.sh
	@$(BIN)/python -m tests.soak --for $(SOAK_S) --seed $(or $(SEED),1) $(if $(WRITE),--picture docs/images/soak.svg)

SITE_S ?= 4320
FAULT ?=
site: setup  ## A whole site for a day at twenty times speed: central, two gates in containers, all troubles, an \
	update in the middle; as root, an hour and a half; SITE_S= seconds, SEED=, FAULT="event lost" must be found
	@PYTHON=$(PYTHON) VENV=$(VENV) tools/setup.sh proofs
	@$(BIN)/python -m tests.site_day --seconds $(SITE_S) --seed $(SEED) \
		$(if $(FAULT),--fault "$(FAULT)") $(if $(WRITE),--picture docs/images/site-day.svg)

soak-lane: setup  ## Drive 10,000 vehicles and 8 million random steps through the lane's rules; eight minutes
	@$(BIN)/python -m tests.soak.lane

soak-vision: setup  ## Run a vision worker over 100,000 pictures as fast as it reads them, with faults: \
	is its memory flat? Ten to thirty minutes
	@$(BIN)/python -m tests.soak.vision

RUNS ?= 3
AT_ONCE ?= 1
KIND ?=
TESTS ?=
stress: setup  ## Run tests RUNS= times on a computer that is kept busy in three ways, AT_ONCE= in parallel: \
	which failed? KIND="busy loops" for one way, TESTS="tests/system ..." for some tests
	@$(BIN)/python tools/stress.py --runs $(RUNS) --at-once $(AT_ONCE) $(if $(KIND),--kind "$(KIND)") $(TESTS)

texts: setup  ## Collect the texts of the sources into the catalogues of agent/i18n, \
	and name what is not translated
	@$(BIN)/python -m tools.texts

architecture: setup  ## Draw the rooms from their imports, and write their descriptions: docs/architecture.md
	@$(BIN)/python tools/architecture.py

format: setup  ## Format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: setup  ## Write the requirements locks again from pyproject.toml
	@VENV=$(VENV) tools/lock.sh

CUTS ?= 20
test-vm: setup  ## Test the package on a virtual machine: devices pulled, power cut, clock set, disk full; \
	forty minutes; ONLY=clock,disk for some steps
	@tools/setup_vm.sh
	@$(BIN)/python -m tests.vm --cuts $(CUTS) $(if $(ONLY),--only $(ONLY))

STEPS ?=
test-bare: setup  ## Test from nothing, in bare Debian 12 and 13: README's commands, packages, bundles, arm64; \
	STEPS="demo package ..."; as root, an hour
	@tools/setup_bare.sh
	@$(BIN)/python -m tests.bare $(STEPS)

DEBS ?=
deb: setup  ## Build the Debian packages into dist/; DEBS="deb13_amd64 ..." for some; a minute or two
	@$(BIN)/python -m tools.deb $(DEBS)

KEY ?=
KEYS ?= packaging/keyring
BUILDER ?=
release: setup  ## Build everything for a release into dist/: packages, bundles, apt repository, papers; \
	KEY=fingerprint signs it; half an hour
	@$(BIN)/python -m tools.release --keys $(KEYS) $(if $(KEY),--key $(KEY)) $(if $(BUILDER),--builder $(BUILDER))

# Without setup: the machine that has the key has no network, and needs Python and Debian's programs alone.
sign:  ## Sign what make release has built, on the computer that has the key: KEY=fingerprint
	@$(PYTHON) -m tools.sign $(if $(KEY),--key $(KEY))

clean:  ## Remove what setup and builds made in this folder
	rm -rf $(VENV) .venv-training .venv-reading .venv-fuzz .venv-generators build dist demo-out
	rm -rf tests/generators/node_modules examples/central-node/node_modules examples/central-node/dist
