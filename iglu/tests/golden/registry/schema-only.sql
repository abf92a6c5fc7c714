--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: key_action; Type: TYPE; Schema: public; Owner: iglu
--

CREATE TYPE public.key_action AS ENUM (
    'CREATE',
    'DELETE'
);


ALTER TYPE public.key_action OWNER TO iglu;

--
-- Name: schema_action; Type: TYPE; Schema: public; Owner: iglu
--

CREATE TYPE public.schema_action AS ENUM (
    'READ',
    'BUMP',
    'CREATE',
    'CREATE_VENDOR'
);


ALTER TYPE public.schema_action OWNER TO iglu;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: iglu_drafts; Type: TABLE; Schema: public; Owner: iglu
--

CREATE TABLE public.iglu_drafts (
    vendor character varying(128) NOT NULL,
    name character varying(128) NOT NULL,
    format character varying(128) NOT NULL,
    version integer NOT NULL,
    created_at timestamp without time zone NOT NULL,
    updated_at timestamp without time zone NOT NULL,
    is_public boolean NOT NULL,
    body json NOT NULL
);


ALTER TABLE public.iglu_drafts OWNER TO iglu;

--
-- Name: iglu_permissions; Type: TABLE; Schema: public; Owner: iglu
--

CREATE TABLE public.iglu_permissions (
    apikey uuid NOT NULL,
    vendor character varying(128),
    wildcard boolean NOT NULL,
    schema_action public.schema_action,
    key_action public.key_action[] NOT NULL
);


ALTER TABLE public.iglu_permissions OWNER TO iglu;

--
-- Name: iglu_schemas; Type: TABLE; Schema: public; Owner: iglu
--

CREATE TABLE public.iglu_schemas (
    vendor character varying(128) NOT NULL,
    name character varying(128) NOT NULL,
    format character varying(128) NOT NULL,
    model integer NOT NULL,
    revision integer NOT NULL,
    addition integer NOT NULL,
    created_at timestamp without time zone NOT NULL,
    updated_at timestamp without time zone NOT NULL,
    is_public boolean NOT NULL,
    body json NOT NULL,
    superseded_by character varying(32),
    supersedes character varying(32)[]
);


ALTER TABLE public.iglu_schemas OWNER TO iglu;

--
-- Name: iglu_permissions iglu_permissions_pkey; Type: CONSTRAINT; Schema: public; Owner: iglu
--

ALTER TABLE ONLY public.iglu_permissions
    ADD CONSTRAINT iglu_permissions_pkey PRIMARY KEY (apikey);


--
-- PostgreSQL database dump complete
--


