#!/bin/bash
# Runs once, on the first start of an empty volume. The gateway's role owns its database and nothing else: row-level
# security binds it, as it would not bind a superuser. The password comes by the environment, not by the command line.
set -e
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'SQL'
\getenv password GATEWAY_DB_PASSWORD
CREATE ROLE gateway LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
CREATE DATABASE gateway OWNER gateway TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE gateway FROM PUBLIC;
SQL
