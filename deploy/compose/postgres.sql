-- The registry has a database of its own.
create database iglu;
