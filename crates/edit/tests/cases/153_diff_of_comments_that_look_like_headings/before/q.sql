-- the old one
select 1;
