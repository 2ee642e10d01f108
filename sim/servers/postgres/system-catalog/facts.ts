/**
 * Columns of the system catalogs and the information schema, as PostgreSQL 15 has them.
 *
 * Each line is a name, an OID and the columns; a column without a type has the type of the one before it. Domains of the
 * information schema stand as what they are over, internal types as text.
 */
export const systemColumns = `
information_schema.check_constraints 13260 constraint_catalog:name constraint_schema constraint_name check_clause:varchar
information_schema.columns 13295 table_catalog:name table_schema table_name column_name ordinal_position:int4 column_default:varchar is_nullable data_type character_maximum_length:int4 character_octet_length numeric_precision numeric_precision_radix numeric_scale datetime_precision interval_type:varchar interval_precision:int4 character_set_catalog:name character_set_schema character_set_name collation_catalog collation_schema collation_name domain_catalog domain_schema domain_name udt_catalog udt_schema udt_name scope_catalog scope_schema scope_name maximum_cardinality:int4 dtd_identifier:name is_self_referencing:varchar is_identity identity_generation identity_start identity_increment identity_maximum identity_minimum identity_cycle is_generated generation_expression is_updatable
information_schema.constraint_column_usage 13300 table_catalog:name table_schema table_name column_name constraint_catalog constraint_schema constraint_name
information_schema.key_column_usage 13329 constraint_catalog:name constraint_schema constraint_name table_catalog table_schema table_name column_name ordinal_position:int4 position_in_unique_constraint
information_schema.referential_constraints 13339 constraint_catalog:name constraint_schema constraint_name unique_constraint_catalog unique_constraint_schema unique_constraint_name match_option:varchar update_rule delete_rule
information_schema.schemata 13382 catalog_name:name schema_name schema_owner default_character_set_catalog default_character_set_schema default_character_set_name sql_path:varchar
information_schema.sequences 13386 sequence_catalog:name sequence_schema sequence_name data_type:varchar numeric_precision:int4 numeric_precision_radix numeric_scale start_value:varchar minimum_value maximum_value increment cycle_option
information_schema.table_constraints 13411 constraint_catalog:name constraint_schema constraint_name table_catalog table_schema table_name constraint_type:varchar is_deferrable initially_deferred enforced nulls_distinct
information_schema.tables 13425 table_catalog:name table_schema table_name table_type:varchar self_referencing_column_name:name reference_generation:varchar user_defined_type_catalog:name user_defined_type_schema user_defined_type_name is_insertable_into:varchar is_typed commit_action
information_schema.triggers 13440 trigger_catalog:name trigger_schema trigger_name event_manipulation:varchar event_object_catalog:name event_object_schema event_object_table action_order:int4 action_condition:varchar action_statement action_orientation action_timing action_reference_old_table:name action_reference_new_table action_reference_old_row action_reference_new_row created:timestamptz
information_schema.views 13483 table_catalog:name table_schema table_name view_definition:varchar check_option is_updatable is_insertable_into is_trigger_updatable is_trigger_deletable is_trigger_insertable_into
pg_catalog.pg_am 2601 oid:oid amname:name amhandler:regproc amtype:char
pg_catalog.pg_attrdef 2604 oid:oid adrelid adnum:int2 adbin:text
pg_catalog.pg_attribute 1249 attrelid:oid attname:name atttypid:oid attstattarget:int4 attlen:int2 attnum attndims:int4 attcacheoff atttypmod attbyval:bool attalign:char attstorage attcompression attnotnull:bool atthasdef atthasmissing attidentity:char attgenerated attisdropped:bool attislocal attinhcount:int4 attcollation:oid attacl:_text attoptions attfdwoptions attmissingval:text
pg_catalog.pg_auth_members 1261 roleid:oid member grantor admin_option:bool
pg_catalog.pg_class 1259 oid:oid relname:name relnamespace:oid reltype reloftype relowner relam relfilenode reltablespace relpages:int4 reltuples:float4 relallvisible:int4 reltoastrelid:oid relhasindex:bool relisshared relpersistence:char relkind relnatts:int2 relchecks relhasrules:bool relhastriggers relhassubclass relrowsecurity relforcerowsecurity relispopulated relreplident:char relispartition:bool relrewrite:oid relfrozenxid relminmxid relacl:_text reloptions relpartbound:text
pg_catalog.pg_collation 3456 oid:oid collname:name collnamespace:oid collowner collprovider:char collisdeterministic:bool collencoding:int4 collcollate:text collctype colliculocale collversion
pg_catalog.pg_constraint 2606 oid:oid conname:name connamespace:oid contype:char condeferrable:bool condeferred convalidated conrelid:oid contypid conindid conparentid confrelid confupdtype:char confdeltype confmatchtype conislocal:bool coninhcount:int4 connoinherit:bool conkey:_int2 confkey conpfeqop:_oid conppeqop conffeqop confdelsetcols:_int2 conexclop:_oid conbin:text
pg_catalog.pg_database 1262 oid:oid datname:name datdba:oid encoding:int4 datlocprovider:char datistemplate:bool datallowconn datconnlimit:int4 datfrozenxid:oid datminmxid dattablespace datcollate:text datctype daticulocale datcollversion datacl:_text
pg_catalog.pg_depend 2608 classid:oid objid objsubid:int4 refclassid:oid refobjid refobjsubid:int4 deptype:char
pg_catalog.pg_description 2609 objoid:oid classoid objsubid:int4 description:text
pg_catalog.pg_enum 3501 oid:oid enumtypid enumsortorder:float4 enumlabel:name
pg_catalog.pg_extension 3079 oid:oid extname:name extowner:oid extnamespace extrelocatable:bool extversion:text extconfig:_oid extcondition:_text
pg_catalog.pg_foreign_table 3118 ftrelid:oid ftserver ftoptions:_text
pg_catalog.pg_indexes 12043 schemaname:name tablename indexname tablespace indexdef:text
pg_catalog.pg_index 2610 indexrelid:oid indrelid indnatts:int2 indnkeyatts indisunique:bool indnullsnotdistinct indisprimary indisexclusion indimmediate indisclustered indisvalid indcheckxmin indisready indislive indisreplident indkey:int2vector indcollation:oidvector indclass indoption:int2vector indexprs:text indpred
pg_catalog.pg_inherits 2611 inhrelid:oid inhparent inhseqno:int4 inhdetachpending:bool
pg_catalog.pg_language 2612 oid:oid lanname:name lanowner:oid lanispl:bool lanpltrusted lanplcallfoid:oid laninline lanvalidator lanacl:_text
pg_catalog.pg_locks 12073 locktype:text database:oid relation page:int4 tuple:int2 virtualxid:text transactionid:oid classid objid objsubid:int2 virtualtransaction:text pid:int4 mode:text granted:bool fastpath waitstart:timestamptz
pg_catalog.pg_matviews 12038 schemaname:name matviewname matviewowner tablespace hasindexes:bool ispopulated definition:text
pg_catalog.pg_namespace 2615 oid:oid nspname:name nspowner:oid nspacl:_text
pg_catalog.pg_opclass 2616 oid:oid opcmethod opcname:name opcnamespace:oid opcowner opcfamily opcintype opcdefault:bool opckeytype:oid
pg_catalog.pg_partitioned_table 3350 partrelid:oid partstrat:char partnatts:int2 partdefid:oid partattrs:int2vector partclass:oidvector partcollation partexprs:text
pg_catalog.pg_policy 3256 oid:oid polname:name polrelid:oid polcmd:char polpermissive:bool polroles:_oid polqual:text polwithcheck
pg_catalog.pg_proc 1255 oid:oid proname:name pronamespace:oid proowner prolang procost:float4 prorows provariadic:oid prosupport:regproc prokind:char prosecdef:bool proleakproof proisstrict proretset provolatile:char proparallel pronargs:int2 pronargdefaults prorettype:oid proargtypes:oidvector proallargtypes:_oid proargmodes:_text proargnames proargdefaults:text protrftypes:_oid prosrc:text probin prosqlbody proconfig:_text proacl
pg_catalog.pg_publication_namespace 6237 oid:oid pnpubid pnnspid
pg_catalog.pg_publication_rel 6106 oid:oid prpubid prrelid prqual:text prattrs:int2vector
pg_catalog.pg_publication 6104 oid:oid pubname:name pubowner:oid puballtables:bool pubinsert pubupdate pubdelete pubtruncate pubviaroot
pg_catalog.pg_range 3541 rngtypid:oid rngsubtype rngmultitypid rngcollation rngsubopc rngcanonical:regproc rngsubdiff
pg_catalog.pg_rewrite 2618 oid:oid rulename:name ev_class:oid ev_type:char ev_enabled is_instead:bool ev_qual:text ev_action
pg_catalog.pg_roles 12000 rolname:name rolsuper:bool rolinherit rolcreaterole rolcreatedb rolcanlogin rolreplication rolconnlimit:int4 rolpassword:text rolvaliduntil:timestamptz rolbypassrls:bool rolconfig:_text oid:oid
pg_catalog.pg_sequences 12048 schemaname:name sequencename sequenceowner data_type:regtype start_value:int8 min_value max_value increment_by cycle:bool cache_size:int8 last_value
pg_catalog.pg_sequence 2224 seqrelid:oid seqtypid seqstart:int8 seqincrement seqmax seqmin seqcache seqcycle:bool
pg_catalog.pg_settings 12104 name:text setting unit category short_desc extra_desc context vartype source min_val max_val enumvals:_text boot_val:text reset_val sourcefile sourceline:int4 pending_restart:bool
pg_catalog.pg_stat_activity 12222 datid:oid datname:name pid:int4 leader_pid usesysid:oid usename:name application_name:text client_addr client_hostname client_port:int4 backend_start:timestamptz xact_start query_start state_change wait_event_type:text wait_event state backend_xid:oid backend_xmin query_id:int8 query:text backend_type
pg_catalog.pg_statistic_ext 3381 oid:oid stxrelid stxname:name stxnamespace:oid stxowner stxstattarget:int4 stxkeys:int2vector stxkind:_text stxexprs:text
pg_catalog.pg_tablespace 1213 oid:oid spcname:name spcowner:oid spcacl:_text spcoptions
pg_catalog.pg_tables 12033 schemaname:name tablename tableowner tablespace hasindexes:bool hasrules hastriggers rowsecurity
pg_catalog.pg_trigger 2620 oid:oid tgrelid tgparentid tgname:name tgfoid:oid tgtype:int2 tgenabled:char tgisinternal:bool tgconstrrelid:oid tgconstrindid tgconstraint tgdeferrable:bool tginitdeferred tgnargs:int2 tgattr:int2vector tgargs:bytea tgqual:text tgoldtable:name tgnewtable
pg_catalog.pg_type 1247 oid:oid typname:name typnamespace:oid typowner typlen:int2 typbyval:bool typtype:char typcategory typispreferred:bool typisdefined typdelim:char typrelid:oid typsubscript:regproc typelem:oid typarray typinput:regproc typoutput typreceive typsend typmodin typmodout typanalyze typalign:char typstorage typnotnull:bool typbasetype:oid typtypmod:int4 typndims typcollation:oid typdefaultbin:text typdefault typacl:_text
pg_catalog.pg_user 12014 usename:name usesysid:oid usecreatedb:bool usesuper userepl usebypassrls passwd:text valuntil:timestamptz useconfig:_text
pg_catalog.pg_views 12028 schemaname:name viewname viewowner definition:text
`;

/** Types: OID, name, length, category, OID of the array type. */
export const systemTypes =
  "16:bool:1:B:1000 17:bytea:-1:U:1001 18:char:1:Z:1002 19:name:64:S:1003 20:int8:8:N:1016 21:int2:2:N:1005 22:int2vector:-1:A:1006 23:int4:4:N:1007 24:regproc:4:N:1008 25:text:-1:S:1009 26:oid:4:N:1028 27:tid:6:U:1010 28:xid:4:U:1011 29:cid:4:U:1012 30:oidvector:-1:A:1013 114:json:-1:U:199 142:xml:-1:U:143 600:point:16:G:1017 650:cidr:-1:I:651 700:float4:4:N:1021 701:float8:8:N:1022 705:unknown:-2:X:0 790:money:8:N:791 829:macaddr:6:U:1040 869:inet:-1:I:1041 1042:bpchar:-1:S:1014 1043:varchar:-1:S:1015 1082:date:4:D:1182 1083:time:8:D:1183 1114:timestamp:8:D:1115 1184:timestamptz:8:D:1185 1186:interval:16:T:1187 1266:timetz:12:D:1270 1560:bit:-1:V:1561 1562:varbit:-1:V:1563 1700:numeric:-1:N:1231 1790:refcursor:-1:U:2201 2205:regclass:4:N:2210 2206:regtype:4:N:2211 2249:record:-1:P:2287 2275:cstring:-2:P:1263 2276:any:4:P:0 2277:anyarray:-1:P:0 2278:void:4:P:0 2279:trigger:4:P:0 2281:internal:8:P:0 2283:anyelement:4:P:0 2950:uuid:16:U:2951 3614:tsvector:-1:U:3643 3615:tsquery:-1:U:3645 3802:jsonb:-1:U:3807 3904:int4range:-1:R:3905 4089:regnamespace:4:N:4090 4096:regrole:4:N:4097";
