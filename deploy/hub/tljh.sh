#!/usr/bin/env bash
# A class of up to 30 on one machine with The Littlest JupyterHub. Run it as root, once,
# on the machine where TLJH is installed, in the folder of the course:
#
#     sudo bash deploy/hub/tljh.sh
#
# Memory is measured: benchmarks/hub.md.
set -euo pipefail
course=$(cd "$(dirname "$0")/../.." && pwd)
user=${TLJH_USER_ENV:-/opt/tljh/user}
shared=${COURSE_SHARED:-/srv/class}
config=${TLJH_CONFIG:-/opt/tljh/config/jupyterhub_config.d}

"$user/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "The course needs Python 3.11 or newer, got $("$user/bin/python" --version):" \
    "install a newer TLJH." >&2
  exit 1
}

# The course for all, readable and not writable; nbgitpuller gives each a copy of their own.
"$user/bin/python" -m pip install -c "$course/constraints.txt" "$course[notebooks]" nbgitpuller

# Learners write here and read what they can name, their own; the teacher, who is root, all.
mkdir -p "$shared"
chmod 1733 "$shared"

tljh-config set limits.memory 2G
tljh-config set limits.cpu 2
tljh-config set services.cull.timeout 3600
tljh-config set user_environment.default_app jupyterlab

mkdir -p "$config"
cat >"$config/course.py" <<END
c.Spawner.start_timeout = 180
c.Spawner.http_timeout = 180
c.Spawner.environment = {
    "COURSE_PROGRESS": "$shared",
    "LANGSMITH_TRACING": "false",
    # One class key that learners cannot read: class-key.conf holds it.
    # "COURSE_MODEL": "CHANGE-model",
    # "OPENAI_BASE_URL": "http://127.0.0.1:8100/v1",
}
END
tljh-config reload
echo "ready: python deploy/hub/link.py prints the address for your learners"
