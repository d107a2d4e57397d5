#!/bin/sh
# Run by the image postgres when it makes its data folder: the sources' schema, the roles, and who logs in as them.
# Passwords come from the environment and stay out of the list of processes.
set -eu

psql --no-psqlrc -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" << 'SQL'
create schema segment;
\i /signup_attribution/grants.sql
\getenv refresh_password REFRESH_PASSWORD
\getenv reader_password READER_PASSWORD
\getenv metabase_password METABASE_PASSWORD
alter role signup_attribution_refresh password :'refresh_password';
create role bi login password :'reader_password' in role signup_attribution_reader;
create role metabase login password :'metabase_password';
create database metabase owner metabase;
SQL
