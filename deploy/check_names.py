"""Reads the files of this folder and looks whether everything that one names is there: check_names.py DEPLOY REPOSITORY.

The tools of the makers look at each file alone; here is what lies between them.
"""

import json
import re
import sys
from pathlib import Path

import yaml

deploy, top = Path(sys.argv[1]), Path(sys.argv[2])
problems = []


def say(file, problem):
    problems.append(f"{file}: {problem}")


def read(name):
    try:
        return (deploy / name).read_text(encoding="utf-8")
    except OSError as error:
        say(name, error.strerror)
        return ""


def load(name):
    try:
        return [document for document in yaml.safe_load_all(read(name)) if document is not None]
    except yaml.YAMLError as error:
        say(name, f"is no YAML: {error}")
        return []


def known_settings():
    """HUIYIN_* of `huiyin serve`: the options of ServeArgs, StoreArgs and NatsArgs, and the level of the log."""
    source = top / "crates/huiyin/src"
    text = "".join(file.read_text(encoding="utf-8") for file in [source / "cli.rs", *source.glob("cli/*.rs")])
    found = {"HUIYIN_LOG"}
    for name in ("ServeArgs", "StoreArgs", "NatsArgs"):
        body = re.search(rf"struct {name} \{{(.*?)\n\}}", text, re.S).group(1)
        found |= set(re.findall(r'env = "(HUIYIN_\w+)"', body))
    return found


SETTINGS = known_settings()
NATS = set(re.findall(r"\$(HUIYIN_NATS_\w+)", re.sub(r"(?m)#.*$", "", read("nats.conf"))))


def settings(file, names, allowed=SETTINGS):
    for name in names:
        if name.startswith("HUIYIN_") and name not in allowed:
            say(file, f"{name} is no setting")


def compose():
    file = "compose.yaml"
    loaded = load(file)
    if not loaded:
        return
    whole = loaded[0]
    used = {"secrets": set(), "volumes": set(), "networks": set()}
    for name, service in whole["services"].items():
        for key in ("image", "restart", "healthcheck", "read_only", "cap_drop", "networks"):
            if key not in service:
                say(file, f"{name} has no {key}")
        ports = service.get("ports", [])
        for port in ports:
            if not port.startswith("127.0.0.1:"):
                say(file, f"{name} publishes {port} to everybody")
        given = set(service.get("secrets", []))
        used["secrets"] |= given
        used["networks"] |= set(service.get("networks", []))
        texts = json.dumps([service.get("environment", {}), service.get("entrypoint", [])])
        for secret in re.findall(r"/run/secrets/([\w.-]+)", texts):
            if secret not in given:
                say(file, f"{name} reads the secret {secret} and is not given it")
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                if not (deploy / source).exists():
                    say(file, f"{name}: {source} is not there")
            else:
                used["volumes"].add(source)
        for other in service.get("depends_on", {}):
            if other not in whole["services"]:
                say(file, f"{name} waits for {other}, which is not there")
        for host in re.findall(r"nats://([\w-]+):", texts):
            if host not in whole["services"]:
                say(file, f"{name}: there is no service {host}")
        environment = service.get("environment", {})
        is_nats = service["image"].startswith("nats:")
        settings(f"{file}: {name}", environment, NATS if is_nats else SETTINGS)
        if is_nats:
            missing = {n for n in NATS if n == "HUIYIN_NATS_NAME" or "ROUTE" in n} - set(environment)
            if missing:
                say(file, f"{name} is not given {', '.join(sorted(missing))}")
        if service["image"].startswith("huiyin:") and "HUIYIN_ROLES" not in environment:
            say(file, f"{name} is given no role")
    for kind, names in used.items():
        defined = set(whole.get(kind, {}))
        for name in sorted(names - defined):
            say(file, f"{kind}: {name} is used and not defined")
        for name in sorted(defined - names):
            say(file, f"{kind}: {name} is defined and not used")
    script = read("make-secrets")
    roles = re.search(r"for role in (.*);", script).group(1).split()
    made = set(re.findall(r"(?m)^\s*write ([\w.-]+) ", script)) | {f"nats-{role}" for role in roles}
    for secret in whole.get("secrets", {}).values():
        folder, name = secret["file"].split("/")
        if folder != "secrets" or name not in made:
            say(file, f"make-secrets does not make {secret['file']}")
    targets = re.findall(r'"([\w-]+):\d+"', re.sub(r"(?m)#.*$", "", read("prometheus/prometheus.yml")))
    for target in targets:
        if target not in whole["services"] and not target[0].isdigit():
            say("prometheus/prometheus.yml", f"there is no service {target} in {file}")


def passwords():
    """Every password that nats.conf asks for is made, and no other."""
    roles = re.search(r"for role in (.*);", read("make-secrets")).group(1).split()
    made = {"HUIYIN_NATS_" + role.upper().replace("-", "_") for role in roles}
    asked = {name for name in NATS if "ROUTE" not in name and name != "HUIYIN_NATS_NAME"}
    for name in sorted(asked ^ made):
        say("make-secrets", f"{name} is {'asked for by nats.conf and not made' if name in asked else 'made, and nats.conf does not know it'}")
    users = set(re.findall(r"user: ([\w-]+),", read("nats.conf")))
    for role in sorted(set(roles) - users):
        say("make-secrets", f"nats.conf has no user {role}")


def walk(value, key):
    """Every value that stands under a key, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key:
                yield inner
            yield from walk(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner, key)


def kubernetes():
    kustomization = (load("kustomization.yaml") or [{}])[0]
    listed = kustomization.get("resources", [])
    for name in listed:
        if not (deploy / name).is_file():
            say("kustomization.yaml", f"{name} is not there")
    maps = {}
    for generated in kustomization.get("configMapGenerator", []):
        maps[generated["name"]] = set()
        for name in generated["files"]:
            if not (deploy / name).is_file():
                say("kustomization.yaml", f"{name} is not there")
    objects = []
    for path in sorted((deploy / "kubernetes").glob("*.yaml")):
        name = f"kubernetes/{path.name}"
        if name not in listed and not name.endswith(".example.yaml"):
            say("kustomization.yaml", f"{name} is not listed")
        objects += [(name, document) for document in load(name)]
    secrets, claims, pods = {}, set(), []
    for file, document in objects:
        kind, name = document["kind"], document["metadata"]["name"]
        if kind != "Namespace" and document["metadata"].get("namespace") != kustomization.get("namespace"):
            say(file, f"{kind} {name} is in another namespace")
        if kind == "ConfigMap":
            maps[name] = set(document["data"])
            settings(file, document["data"])
        elif kind == "Secret":
            values = {**document.get("data", {}), **document.get("stringData", {})}
            secrets[name] = set(values)
            if any(values.values()):
                say(file, "the example holds a value")
        elif kind == "PersistentVolumeClaim":
            claims.add(name)
        elif kind in ("Deployment", "StatefulSet"):
            pods.append((file, document))
    images = {image["name"] for image in kustomization.get("images", [])}
    for file, document in pods:
        template = document["spec"]["template"]
        labels, spec = template["metadata"]["labels"], template["spec"]
        selectors = [document["spec"]["selector"]["matchLabels"]]
        selectors += [spread["labelSelector"]["matchLabels"] for spread in spec.get("topologySpreadConstraints", [])]
        for selector in selectors:
            if not selector.items() <= labels.items():
                say(file, f"{selector} does not select its own pods {labels}")
        volumes = {volume["name"] for volume in spec.get("volumes", [])}
        volumes |= {claim["metadata"]["name"] for claim in document["spec"].get("volumeClaimTemplates", [])}
        mounted = {}
        for volume in spec.get("volumes", []):
            if "secret" in volume:
                mounted[volume["name"]] = {item["path"] for item in volume["secret"]["items"]}
                for item in volume["secret"]["items"]:
                    if item["key"] not in secrets.get(volume["secret"]["secretName"], set()):
                        say(file, f"the secret has no {item['key']}")
            if "configMap" in volume and volume["configMap"]["name"] not in maps:
                say(file, f"there is no ConfigMap {volume['configMap']['name']}")
            if "persistentVolumeClaim" in volume and volume["persistentVolumeClaim"]["claimName"] not in claims:
                say(file, f"there is no claim {volume['persistentVolumeClaim']['claimName']}")
        for container in spec["containers"]:
            where = f"{file}: {container['name']}"
            if ":" not in container["image"] and container["image"] not in images:
                say(where, f"the image {container['image']} has no version")
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                if probe not in container:
                    say(where, f"no {probe}")
            if "resources" not in container:
                say(where, "no resources")
            security = container.get("securityContext", {})
            if not (
                security.get("allowPrivilegeEscalation") is False
                and security.get("readOnlyRootFilesystem") is True
                and security.get("capabilities", {}).get("drop") == ["ALL"]
                and spec.get("securityContext", {}).get("runAsNonRoot") is True
            ):
                say(where, "may do more than it needs")
            ports = {port["name"] for port in container.get("ports", [])}
            for probe in walk(container, "httpGet"):
                if probe["port"] not in ports:
                    say(where, f"a probe asks the port {probe['port']}, which it does not have")
            places = {}
            for mount in container.get("volumeMounts", []):
                if mount["name"] not in volumes:
                    say(where, f"mounts {mount['name']}, which is no volume")
                places[mount["mountPath"]] = mounted.get(mount["name"])
            names = {env["name"]: env for env in container.get("env", [])}
            texts = [str(env.get("value", "")) for env in names.values()] + container.get("command", [])
            if container.get("envFrom"):
                for source in container["envFrom"]:
                    if source["configMapRef"]["name"] not in maps:
                        say(where, f"there is no ConfigMap {source['configMapRef']['name']}")
                texts += [value for _, other in objects if other["kind"] == "ConfigMap" for value in other["data"].values()]
            for folder, file_name in re.findall(r"(/run/secrets/[\w-]+)/([\w.-]+)", " ".join(texts)):
                if file_name not in (places.get(folder) or set()):
                    say(where, f"reads {folder}/{file_name}, which is not mounted")
            for env in names.values():
                source = env.get("valueFrom", {}).get("secretKeyRef")
                if source and source["key"] not in secrets.get(source["name"], set()):
                    say(where, f"the secret has no {source['key']}")
            settings(where, names, NATS if container["image"].startswith("nats:") else SETTINGS)
    everyone = [document["spec"]["template"]["metadata"]["labels"] for _, document in pods]
    port_names = {port["name"] for _, document in pods for port in walk(document, "ports") for port in port if "name" in port}
    for file, document in objects:
        selectors = list(walk(document, "matchLabels"))
        if document["kind"] == "Service":
            selectors.append(document["spec"]["selector"])
            for port in document["spec"]["ports"]:
                if port["targetPort"] not in port_names:
                    say(file, f"no pod has the port {port['targetPort']}")
        for selector in selectors:
            of_pods = not any(name.startswith("kubernetes.io/") for name in selector)
            if of_pods and not any(selector.items() <= labels.items() for labels in everyone):
                say(file, f"{selector} selects no pod")
    stateful = {document["metadata"]["name"]: document["spec"] for _, document in pods if document["kind"] == "StatefulSet"}
    for file, document in objects:
        for host in re.findall(r"nats://([\w.-]+):", json.dumps(document)):
            pod, _, service = host.partition(".")
            name, _, number = pod.rpartition("-")
            known = stateful.get(name)
            if not known or known["serviceName"] != service or int(number) >= known["replicas"]:
                say(file, f"there is no server {host}")


def systemd():
    known = set(re.findall(r"(?m)^#?(HUIYIN_\w+)=", read("systemd/huiyin.env")))
    for name in sorted(SETTINGS - known):
        say("systemd/huiyin.env", f"{name} is missing")
    settings("systemd/huiyin.env", sorted(known))
    for unit in ("systemd/huiyin.service", "systemd/huiyin@.service"):
        text = re.sub(r"(?m)^#.*$", "", read(unit))
        settings(unit, re.findall(r"HUIYIN_\w+(?==)", text))
        given = set(re.findall(r"LoadCredential=([\w.-]+):", text))
        for name in re.findall(r"%d/([\w.-]+)", text):
            if name not in given:
                say(unit, f"there is no credential {name}")


def metrics():
    there = set()
    for source in ("crates/web/src/office/assurance.rs", "crates/web/src/metrics.rs"):
        text = (top / source).read_text(encoding="utf-8").split("#[cfg(test)]")[0]
        there |= set(re.findall(r'"(huiyin_\w+)"', text))
    histograms = {name for name in there if name.endswith("_seconds") and "duration" in name}
    there |= {name + ending for name in histograms for ending in ("_bucket", "_sum", "_count")}
    for file in ("prometheus/alerts.yml", "prometheus/alerts_test.yml", "grafana/dashboards/huiyin.json"):
        for name in sorted(set(re.findall(r"huiyin_\w+", read(file)))):
            if name not in there:
                say(file, f"{name} is not in the sources")
    rules = (load("prometheus/alerts.yml") or [{"groups": []}])[0]
    tested = read("prometheus/alerts_test.yml")
    for group in rules["groups"]:
        for rule in group["rules"]:
            notes = rule.get("annotations", {})
            missing = [key for key in ("summary", "summary_en", "action", "action_en") if not notes.get(key)]
            if missing or rule.get("labels", {}).get("severity") not in ("critical", "warning", "info"):
                say("prometheus/alerts.yml", f"{rule['alert']} has no {', '.join(missing) or 'severity'}")
            if f'alertname="{rule["alert"]}"' not in tested:
                say("prometheus/alerts_test.yml", f"{rule['alert']} is never seen to fire")


def grafana():
    name = "grafana/dashboards/huiyin.json"
    try:
        dashboard = json.loads(read(name))
    except json.JSONDecodeError as error:
        say(name, f"is no JSON: {error}")
        return
    sources = {source["uid"] for whole in load("grafana/provisioning/datasources/prometheus.yaml") for source in whole["datasources"]}
    load("grafana/provisioning/dashboards/huiyin.yaml")
    ids = [panel["id"] for panel in dashboard["panels"]]
    if len(ids) != len(set(ids)):
        say(name, "two panels have one id")
    for source in walk(dashboard, "datasource"):
        if source["uid"] not in sources:
            say(name, f"there is no data source {source['uid']}")
    for panel in dashboard["panels"]:
        if panel["type"] != "row" and not panel.get("targets"):
            say(name, f"{panel['title']} shows nothing")


def dockerfile():
    name, stages = "Dockerfile", set()
    text = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", read(name)))
    known = "FROM RUN COPY WORKDIR USER ENV VOLUME EXPOSE STOPSIGNAL ENTRYPOINT CMD ARG LABEL HEALTHCHECK".split()
    ignored = read("Dockerfile.dockerignore").split("\n")
    last = ""
    for line in filter(None, map(str.strip, text.split("\n"))):
        word, _, rest = line.partition(" ")
        if word not in known:
            say(name, f"{word} is no instruction")
        if word == "FROM":
            last = rest
            if ":" not in rest:
                say(name, f"{rest} names no version")
            if " AS " in rest:
                stages.add(rest.split(" AS ")[1])
        if word == "COPY":
            parts = rest.split()
            if parts[0].startswith("--from="):
                if parts[0].removeprefix("--from=") not in stages:
                    say(name, f"there is no stage {parts[0]}")
            else:
                for source in parts[:-1]:
                    if not (top / source).exists():
                        say(name, f"{source} is not there")
                    elif source != "." and f"!{source.split('/')[0]}" not in ignored:
                        say(name, f"Dockerfile.dockerignore hides {source}")
        settings(name, re.findall(r"HUIYIN_\w+(?==)", rest))
    if " AS " in last:
        say(name, "the last stage is not the one that runs")
    user = re.findall(r"(?m)^USER (.*)$", text)
    if not user or not re.fullmatch(r"[1-9]\d*:[1-9]\d*", user[-1]):
        say(name, "runs as root, or as a name that a cluster cannot judge")
    members = re.search(r"members = \[(.*?)\]", (top / "Cargo.toml").read_text(encoding="utf-8")).group(1)
    for folder in re.findall(r'"(\w+)', members):
        if f"!{folder}" not in ignored:
            say("Dockerfile.dockerignore", f"hides the member {folder} of the workspace")


def words():
    """A link in README.md leads somewhere."""
    for name in re.findall(r"`([\w./@-]+)`", read("README.md")):
        if "/" in name or "." in name:
            if name[0] not in "/." and not (deploy / name).exists() and not any(deploy.rglob(name)):
                say("README.md", f"{name} is not there")


for look in (passwords, compose, kubernetes, systemd, metrics, grafana, dockerfile, words):
    try:
        look()
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        say(look.__name__, f"is not built as expected: {type(error).__name__} {error}")
for problem in problems:
    print(problem)
sys.exit(1 if problems else 0)
