/// <reference lib="dom"/>

type Primitive = null | undefined | string | number | boolean;

type Input = string | URL;
